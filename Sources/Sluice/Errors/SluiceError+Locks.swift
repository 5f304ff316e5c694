extension SluiceError.Code {
    /// A permit was given back that its owner no longer holds: a second release, or its lease had run out.
    public static let notHeld = Self("notHeld")
}
