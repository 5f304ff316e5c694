/// Ten users in the shape of JSONPlaceholder's; persons, places and companies are invented here.
enum PlaceholderPeople {
    static let count = 10

    private static let names = [
        "Maren Tidewater", "Osk Lindqvist", "Petra Weirman", "Juno Halloway", "Tomas Kanal", "Ida Brookes", "Levi Sandbar", "Nora Quay",
        "Emil Haven", "Rosa Millrace",
    ]
    private static let streets = ["Gate Row", "Basin Walk", "Towpath", "Ferry Steps", "Mill Lane"]
    private static let cities = ["Oberschleuse", "Port Amble", "Vier Bruggen", "Low Harbour", "Kanalby"]
    private static let companies = ["Weir & Daughters", "Upper Gate Freight", "Basin Books", "Slow Barge Tea", "Lantern Survey"]
    private static let phrases = ["One boat at a time", "Level water, level heads", "We open on the hour", "Patience carries weight"]
    private static let trades = ["moor steady cargo", "chart quiet channels", "grind early grain", "mend narrow bridges"]

    /// Writes user `id`, 1 to ``count``.
    static func write(_ id: Int, to json: inout JSONText) {
        var text = PlaceholderText(3, id)
        let name = names[id - 1]
        let parts = name.lowercased().split(separator: " ")
        json.object { user in
            user.number("id", id)
            user.string("name", name)
            user.string("username", "\(parts[0])\(id)")
            user.string("email", "\(parts[0])@\(parts[1]).example")
            user.object("address") { address in
                address.string("street", "\(text.pick(streets)) \(text.number(1...98))")
                address.string("suite", "Berth \(text.number(1...40))")
                address.string("city", text.pick(cities))
                address.string("zipcode", "\(text.number(10_000...99_999))")
                address.object("geo") { geo in
                    geo.string("lat", "\(text.number(-89...89)).\(text.number(1_000...9_999))")
                    geo.string("lng", "\(text.number(-179...179)).\(text.number(1_000...9_999))")
                }
            }
            user.string("phone", "555-01\(text.number(10...99))")
            user.string("website", "\(parts[1]).example")
            user.object("company") { company in
                company.string("name", text.pick(companies))
                company.string("catchPhrase", text.pick(phrases))
                company.string("bs", text.pick(trades))
            }
        }
    }
}
