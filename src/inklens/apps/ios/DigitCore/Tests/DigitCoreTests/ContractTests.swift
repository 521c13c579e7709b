import Testing

@testable import DigitCore

@Suite("Contracts of models")
struct ContractTests {
    private let classifier = """
        {"contract": 1, "kind": "classifier", "size": [28, 28], "ink": "bright", "labels": ["a", "b", "no"],
         "none": "no", "preparation": 1, "threshold": 0.25, "later": true}
        """
    private let locator = """
        {"contract": 1, "kind": "locator", "size": [640, 480], "ink": "any", "stride": 4,
         "channels": ["centre", "right", "down", "log_width", "log_height", "0", "1", "2", "3", "4", "5", "6", "7", "8",
                      "9"], "peak": 0.15, "overlap": 0.45}
        """

    @Test("a classifier's labels, none and threshold are read, and unknown keys ignored")
    func classifierIsRead() throws {
        let contract = try parseClassifier(classifier)
        #expect(contract == ClassifierContract(labels: ["a", "b", "no"], none: "no", threshold: 0.25))
    }

    @Test("a locator's peak and overlap are read")
    func locatorIsRead() throws {
        let contract = try parseLocator(locator)
        #expect(contract.peak == 0.15)
        #expect(contract.overlap == 0.45)
    }

    @Test(
        "what cannot be followed is refused in words",
        arguments: [
            (
                "\"contract\": 1", "\"contract\": 2",
                "the model has a contract of version 2; this program knows version 1"
            ),
            ("\"kind\": \"classifier\"", "\"kind\": \"locator\"", "the model is a locator; expected a classifier"),
            ("[28, 28]", "[32, 32]", "the classifier's size is [32, 32]; expected [28, 28]"),
            (
                "\"preparation\": 1", "\"preparation\": 2",
                "the classifier's preparation is 2; this program knows version 1"
            ),
            (
                "\"none\": \"no\"", "\"none\": \"never\"",
                "the classifier's none is never, which is not one of its labels"
            ),
            ("0.25", "1.5", "the model contract's threshold is 1.5; expected a number from 0 to 1"),
            ("\"threshold\": 0.25", "\"other\": 0.25", "the model contract lacks threshold"),
            ("[\"a\", \"b\", \"no\"]", "7", "the model contract's labels is of the wrong kind"),
            ("{", "", "the model contract is not JSON"),
        ])
    func wrongOnesAreRefused(part: String, wrong: String, words: String) {
        let text = classifier.replacing(part, with: wrong)
        #expect(throws: ContractError(description: words)) { try parseClassifier(text) }
    }
}
