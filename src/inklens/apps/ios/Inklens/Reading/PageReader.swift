import CoreML
import DigitCore
import Foundation

private let sureEnough = 0.9  // of a mark that is seen once; in a video frames agree first

/// What is drawn of a mark.
struct ShownMark: Identifiable, Equatable, Sendable {
    let id: Int
    /// In parts of the page's width and height, 0 to 1.
    let x: Double
    let y: Double
    let width: Double
    let height: Double
    let label: String
    let runnerUp: String?
    let confidence: Double
    let isSure: Bool
}

/// What is shown of a page.
struct ShownReading: Equatable, Sendable {
    var marks: [ShownMark] = []
    /// The lines of the page, top to bottom; a mark in doubt is a question mark.
    var text = ""
    /// The labels that this frame is the first to be sure of.
    var committed: [String] = []

    static let doubt = "?"
}

/// What a model says of itself.
struct ModelFacts: Identifiable, Equatable, Sendable {
    let id: String
    let description: String
    let author: String
    let licence: String
    let version: String
}

/// Reads pages with the two networks of the bundle, which are loaded once; off the main thread.
actor PageReader {
    private var reader: Reader?
    private var steady = SteadyLabels(labels: 0)

    /// Load both networks. Throws AppError that says which is missing or cannot be used.
    func load(from bundle: Bundle = .main) throws -> [ModelFacts] {
        let locator = try Self.open("Locator", in: bundle)
        let classifier = try Self.open("Classifier", in: bundle)
        do {
            let locatorContract = try parseLocator(Self.contract(locator))
            let classifierContract = try parseClassifier(Self.contract(classifier))
            let reader = Reader(
                locator: CoreMLNetwork(model: locator, input: "image", output: .maps), locatorContract,
                classifier: CoreMLNetwork(
                    model: classifier, input: "image", output: .probabilities(labels: classifierContract.labels)),
                classifierContract)
            self.reader = reader
            steady = SteadyLabels(labels: reader.labels.count)
        } catch let error as ContractError {
            throw AppError.modelUnusable(String(localized: "Model contract"), error.description)
        }
        return [Self.facts("Locator", locator), Self.facts("Classifier", classifier)]
    }

    /// Read a frame of a video, and hold its labels still.
    func follow(_ frame: Frame) throws -> ShownReading {
        guard let reader else { return ShownReading() }
        let marks = try readPage(frame.page, with: reader, closer: false)
        let seen = (marks.marks + marks.rejected).map { mark in
            Seen(box: mark.box, probabilities: mark.probabilities.map(Double.init))
        }
        let held = steady.update(time: frame.time, marks: seen).filter { $0.label != nil }
        return Self.show(held, labels: reader.labels, width: frame.page.width, height: frame.page.height)
    }

    /// Make a picture that stands still, and read it closely.
    func read(_ make: @Sendable () throws -> Picture) throws -> (page: Picture, shown: ShownReading) {
        let page = try make()
        guard let reader else { return (page, ShownReading()) }
        let reading = try readPage(page, with: reader)
        let marks = reading.marks.enumerated().map { number, mark in
            ShownMark(
                id: number, x: Double(mark.box.x0) / Double(page.width), y: Double(mark.box.y0) / Double(page.height),
                width: Double(mark.box.width) / Double(page.width),
                height: Double(mark.box.height) / Double(page.height), label: mark.label ?? ShownReading.doubt,
                runnerUp: mark.alternatives.first?.label, confidence: mark.confidence,
                isSure: mark.confidence >= sureEnough)
        }
        return (page, ShownReading(marks: marks, text: reading.text, committed: marks.map(\.label)))
    }

    /// Forget the frames before: the next one shows something else.
    func forget() {
        steady = SteadyLabels(labels: reader?.labels.count ?? 0)
    }

    private static func show(_ held: [SteadyMark], labels: [String], width: Int, height: Int) -> ShownReading {
        let marks = held.map { mark in
            ShownMark(
                id: mark.id, x: mark.box[0] / Double(width), y: mark.box[1] / Double(height),
                width: (mark.box[2] - mark.box[0]) / Double(width),
                height: (mark.box[3] - mark.box[1]) / Double(height),
                label: mark.label.map { labels[$0] } ?? ShownReading.doubt,
                runnerUp: mark.runnerUp.map { labels[$0] }, confidence: mark.confidence,
                isSure: mark.state == .committed)
        }
        let boxes = held.map { mark in
            Box(
                x0: Int(mark.box[0].rounded()), y0: Int(mark.box[1].rounded()), x1: Int(mark.box[2].rounded()),
                y1: Int(mark.box[3].rounded()))
        }
        let labels = marks.map { $0.isSure ? $0.label : ShownReading.doubt }
        let lines = findStrings(boxes).map { joinStrings($0, labels) }
        return ShownReading(
            marks: marks, text: lines.joined(separator: "\n"),
            committed: zip(held, marks).filter { $0.0.justCommitted }.map { $0.1.label })
    }

    private static func open(_ name: String, in bundle: Bundle) throws -> MLModel {
        guard let place = bundle.url(forResource: name, withExtension: "mlmodelc") else {
            throw AppError.modelMissing(name)
        }
        let configuration = MLModelConfiguration()
        configuration.computeUnits = .cpuAndNeuralEngine  // the GPU stays free for the preview
        do {
            return try MLModel(contentsOf: place, configuration: configuration)
        } catch {
            throw AppError.modelUnusable(name, error.localizedDescription)
        }
    }

    private static func contract(_ model: MLModel) throws -> String {
        let own = model.modelDescription.metadata[.creatorDefinedKey] as? [String: String]
        guard let text = own?[contractKey] else {
            throw AppError.modelUnusable(contractKey, String(localized: "The model does not say what it reads."))
        }
        return text
    }

    private static func facts(_ name: String, _ model: MLModel) -> ModelFacts {
        func text(_ key: MLModelMetadataKey) -> String { model.modelDescription.metadata[key] as? String ?? "" }
        return ModelFacts(
            id: name, description: text(.description), author: text(.author), licence: text(.license),
            version: text(.versionString))
    }
}
