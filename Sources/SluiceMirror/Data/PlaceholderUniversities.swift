/// A small list of invented universities, searched by country: the shape of a public search API.
enum PlaceholderUniversities {
    private static let countries: [(name: String, code: String, towns: [String])] = [
        ("Finland", "FI", ["Kanavala", "Sulkukoski", "Jokipato"]), ("France", "FR", ["Pontécluse", "Rivebasse"]),
        ("Germany", "DE", ["Oberschleuse", "Wehrstadt", "Kanalhafen", "Treidelheim"]), ("Japan", "JP", ["Mizukado", "Kawaseki"]),
        ("Netherlands", "NL", ["Vierbruggen", "Sluiswijk"]), ("United Kingdom", "GB", ["Port Amble", "Lockworth", "Millrace"]),
        ("United States", "US", ["Low Harbor", "Weir Falls", "Basin City"]),
    ]

    /// Writes the universities whose country starts with `country`, in any case; all of them for nil.
    static func write(country: String?, to json: inout JSONText) {
        let wanted = country?.lowercased() ?? ""
        json.array { list in
            for country in countries where country.name.lowercased().hasPrefix(wanted) {
                for town in country.towns {
                    let domain = "\(town.lowercased().filter { $0.isASCII && $0.isLetter }).example"
                    list.object { university in
                        university.string("name", "University of \(town)")
                        university.string("country", country.name)
                        university.string("alpha_two_code", country.code)
                        university.null("state-province")
                        university.array("domains") { $0.string(nil, domain) }
                        university.array("web_pages") { $0.string(nil, "https://\(domain)/") }
                    }
                }
            }
        }
    }
}
