private let alternativeCount = 3  // runners-up that are told
private let leastTold = 0.01  // probability of the least that is told
private let shift = 1.6  // the odds of a place that both networks give even odds
private let doubt = 1e-6  // no network is surer than that
private let smallest = 14.0  // pixels of the longer side from which the networks learnt digits
private let sureEnough = 0.4  // of the locator, for a classifier that cannot say none
// of the threshold, for a mark beside an accepted one: a 1 in a number looks like a lone slash
private let besideShare = 0.6
private let alikeTenths = 7  // of the height that marks beside each other have at least in common

/// Something found on a page. `label` is nil for what is no digit (or no symbol of the classifier).
public struct Mark: Sendable, Equatable {
    /// In pixels of the page.
    public let box: Box
    public let label: String?
    /// 0 to 1, that the label is right; for a rejected mark, of the likeliest label.
    public let confidence: Double
    /// The next likeliest labels with their probabilities.
    public let alternatives: [Alternative]
    /// Each label's, then none's.
    public let probabilities: [Float]

    public struct Alternative: Sendable, Equatable {
        public let label: String
        public let probability: Double
    }
}

/// Judge all marks of a page, in their order: those that stand beside an accepted one are doubted less.
func judgePage(_ found: [Found], _ answers: [[Float]], _ contract: ClassifierContract) -> [Mark] {
    let marks = zip(found, answers).map { judge($0, $1, contract) }
    let accepted = marks.filter { $0.label != nil }.map(\.box)
    return marks.indices.map { index in
        guard marks[index].label == nil, accepted.contains(where: { isBeside(marks[index].box, $0) }) else {
            return marks[index]
        }
        return judge(found[index], answers[index], contract, beside: true)
    }
}

/// Whether two marks may be digits of one number: of about one height, side by side, less than that height apart.
func isBeside(_ one: Box, _ two: Box) -> Bool {
    let high = one.y1 - one.y0
    let other = two.y1 - two.y0
    let common = min(one.y1, two.y1) - max(one.y0, two.y0)
    let apart = max(one.x0, two.x0) - min(one.x1, two.x1)
    return 10 * min(high, other, common) >= alikeTenths * max(high, other) && apart <= max(high, other)
}

/// How probable each of the ten digits is in one place, by what the classifier says of them and of none, and what the
/// locator says: a logarithmic opinion pool with the weights of the Python package's `judge.pool`.
func pool(_ found: Found, _ names: [Double], none: Double) -> [Double] {
    let side = Double(max(found.box.x1 - found.box.x0, found.box.y1 - found.box.y0))
    let area = min(1, side / smallest) * min(1, side / smallest)
    let ours = oddsOf(1 - none)
    let odds = shift * (ours * ours.squareRoot() * oddsOf(found.sure)).squareRoot() * area * area * area * area
    let shares = zip(names, found.names).map { ($0 + doubt) * (Double($1) + doubt).squareRoot().squareRoot() }
    let whole = shares.reduce(0, +)
    return shares.map { odds / (1 + odds) * $0 / whole }
}

private func oddsOf(_ probability: Double) -> Double {
    let within = min(max(probability, doubt), 1 - doubt)
    return within / (1 - within)
}

/// Bring the two networks' opinions of one place together; `answer` is the classifier's.
///
/// Those of a classifier of digits with a none class and of the locator are pooled, and what is then at least as
/// probable as the classifier's threshold has a label; `beside` an accepted mark six tenths of that will do. Another
/// classifier alone names what the locator found, from its threshold and where the locator is sure enough.
/// Equally likely labels keep their order.
func judge(_ found: Found, _ answer: [Float], _ contract: ClassifierContract, beside: Bool = false)
    -> Mark
{
    let kept = contract.labels.indices.filter { contract.labels[$0] != contract.none }
    var names = kept.map { Double(answer[$0]) }
    let labels = kept.map { contract.labels[$0] }
    let accepted: Bool
    if let none = contract.labels.firstIndex(where: { $0 == contract.none }), labels == digits {
        names = pool(found, names, none: Double(answer[none]))
        accepted = (names.max() ?? 0) >= contract.threshold * (beside ? besideShare : 1)
    } else {
        accepted = (names.max() ?? 0) >= contract.threshold && found.sure >= sureEnough
        names = names.map { $0 * found.sure }
    }
    let some = names.reduce(0, +)
    let order = names.indices.sorted { (-names[$0], $0) < (-names[$1], $1) }
    let others = order.dropFirst().prefix(alternativeCount).filter { names[$0] >= leastTold }
    return Mark(
        box: found.box, label: accepted ? labels[order[0]] : nil, confidence: names[order[0]],
        alternatives: others.map { Mark.Alternative(label: labels[$0], probability: names[$0]) },
        probabilities: names.map { Float($0) } + [Float(max(0, 1 - some))])
}
