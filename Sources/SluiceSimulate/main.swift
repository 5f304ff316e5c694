import SluiceSimulation

SimulateCommand.main()
