import Foundation

/// The metadata key under which a model says what it is; one JSON text, the same in every format.
public let contractKey = "inklens.contract"
/// The version that this program knows.
public let contractVersion = 1
/// The version of `prepareMark`.
public let preparation = 1

/// A network that names one symbol of 28 × 28 pixels, ink bright.
public struct ClassifierContract: Sendable, Equatable, Decodable {
    /// One for each output, in order.
    public let labels: [String]
    /// The label that means "no symbol", if the network has one.
    public let none: String?
    /// The probability (0 to 1) below which a symbol is rejected.
    public let threshold: Double
    public let size: [Int]
    public let ink: String
    public let preparation: Int

    init(labels: [String], none: String?, threshold: Double) {
        self.labels = labels
        self.none = none
        self.threshold = threshold
        size = [28, 28]
        ink = "bright"
        preparation = DigitCore.preparation
    }
}

/// A network that finds symbols on a page.
public struct LocatorContract: Sendable, Equatable, Decodable {
    /// Width and height of the page that it takes; it takes the page on its side too.
    public let size: [Int]
    /// Pixels of the page for one of its output maps.
    public let stride: Int
    /// What each map holds.
    public let channels: [String]
    /// The value (0 to 1) from which a local maximum counts as a symbol.
    public let peak: Double
    /// The share (0 to 1) of common area from which two boxes are the same symbol.
    public let overlap: Double
}

/// A contract that cannot be followed; `description` says why.
public struct ContractError: Error, Equatable, CustomStringConvertible {
    public let description: String
}

/// Read the JSON text of a classifier's metadata. Throws ContractError that says what is wrong with it.
public func parseClassifier(_ text: String) throws -> ClassifierContract {
    let contract: ClassifierContract = try parseContract(text, kind: "classifier")
    try expect(contract.size == [28, 28], "the classifier's size is \(contract.size); expected [28, 28]")
    try expect(
        contract.preparation == preparation,
        "the classifier's preparation is \(contract.preparation); this program knows version \(preparation)")
    try expect(contract.ink != "dark", "the classifier wants dark ink; this program gives bright ink")
    try expect(
        !contract.labels.isEmpty && Set(contract.labels).count == contract.labels.count,
        "the classifier's labels are not a list of texts, each once")
    if let none = contract.none {
        try expect(contract.labels.contains(none), "the classifier's none is \(none), which is not one of its labels")
    }
    try expectShare(contract.threshold, "threshold")
    return contract
}

/// Read the JSON text of a locator's metadata. Throws ContractError that says what is wrong with it.
public func parseLocator(_ text: String) throws -> LocatorContract {
    let contract: LocatorContract = try parseContract(text, kind: "locator")
    try expect(
        contract.size.sorted() == [480, 640], "the locator's size is \(contract.size); expected 640 and 480")
    try expect(contract.stride == stride, "the locator's stride is \(contract.stride); expected \(stride)")
    let expected = ["centre", "right", "down", "log_width", "log_height"] + digits
    try expect(contract.channels == expected, "the locator's channels are not those that this program knows")
    try expectShare(contract.peak, "peak")
    try expectShare(contract.overlap, "overlap")
    return contract
}

private struct Head: Decodable {
    let contract: Int
    let kind: String
}

private func parseContract<Contract: Decodable>(_ text: String, kind: String) throws -> Contract {
    let head: Head = try decode(text)
    try expect(
        head.contract == contractVersion,
        "the model has a contract of version \(head.contract); this program knows version \(contractVersion)")
    try expect(head.kind == kind, "the model is a \(head.kind); expected a \(kind)")
    return try decode(text)
}

private func decode<Value: Decodable>(_ text: String) throws -> Value {
    do {
        return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch DecodingError.keyNotFound(let key, _) {
        throw ContractError(description: "the model contract lacks \(key.stringValue)")
    } catch DecodingError.typeMismatch(_, let context) {
        throw wrongKind(context)
    } catch DecodingError.valueNotFound(_, let context) {
        throw wrongKind(context)
    } catch {
        throw ContractError(description: "the model contract is not JSON")
    }
}

private func wrongKind(_ context: DecodingError.Context) -> ContractError {
    let key = context.codingPath.first?.stringValue ?? "text"
    return ContractError(description: "the model contract's \(key) is of the wrong kind")
}

private func expectShare(_ value: Double, _ name: String) throws {
    try expect((0...1).contains(value), "the model contract's \(name) is \(value); expected a number from 0 to 1")
}

private func expect(_ condition: Bool, _ otherwise: String) throws {
    if !condition { throw ContractError(description: otherwise) }
}
