/// A network as the reader sees it: on a phone it runs through Core ML, in tests it is a stored output.
public protocol Network {
    /// For each picture (grey, as the contract wants it) what the network answers: a classifier one probability for each
    /// label, a locator its maps, channel by channel.
    func answer(_ pictures: [Picture]) throws -> [[Float]]
}

/// What reads a page: a locator that finds marks, and a classifier that names them.
public struct Reader {
    let locatorNetwork: any Network
    let classifierNetwork: any Network
    public let locator: LocatorContract
    public let classifier: ClassifierContract

    public init(
        locator: any Network, _ locatorContract: LocatorContract, classifier: any Network,
        _ classifierContract: ClassifierContract
    ) {
        locatorNetwork = locator
        classifierNetwork = classifier
        self.locator = locatorContract
        self.classifier = classifierContract
    }

    /// What the classifier may call a mark, without its none.
    public var labels: [String] { classifier.labels.filter { $0 != classifier.none } }

    /// The maps of a picture of 640 × 480 or 480 × 640 pixels.
    func locate(_ picture: Picture) throws -> Maps {
        let (width, height) = (picture.width / stride, picture.height / stride)
        let answers = try locatorNetwork.answer([picture])
        guard let values = answers.first, values.count == locator.channels.count * width * height else {
            throw ContractError(description: "the locator's maps have \(answers.first?.count ?? 0) values")
        }
        return Maps(channels: locator.channels.count, width: width, height: height, values: values)
    }

    /// The probabilities of marks of 28 × 28 pixels.
    func classify(_ marks: [Picture]) throws -> [[Float]] {
        let answers = try classifierNetwork.answer(marks)
        guard answers.count == marks.count, answers.allSatisfy({ $0.count == classifier.labels.count }) else {
            throw ContractError(description: "the classifier does not answer with one probability for each label")
        }
        return answers
    }
}
