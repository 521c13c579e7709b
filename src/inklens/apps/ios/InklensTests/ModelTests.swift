import CoreML
import CoreVideo
import DigitCore
import Foundation
import Testing
import Vision

@testable import Inklens

/// What `inklens app` wrote: marks and pages with the answers of the reference reader on these very models.
struct Samples: Decodable {
    struct Mark: Decodable {
        let pixels: [UInt8]
        let label: String
        let confidence: Double
    }

    struct Page: Decodable {
        let name: String
        let text: String
    }

    let marks: [Mark]
    let pages: [Page]

    static func load() throws -> Samples {
        let place = try #require(Bundle(for: Token.self).url(forResource: "Samples", withExtension: "json"))
        return try JSONDecoder().decode(Samples.self, from: Data(contentsOf: place))
    }

    private final class Token {}
}

@Suite("The models in the app")
struct ModelTests {
    @Test("ten drawn digits get the reference's answers through Vision")
    func tenDigits() throws {
        let place = try #require(Bundle.main.url(forResource: "Classifier", withExtension: "mlmodelc"))
        let model = try VNCoreMLModel(for: MLModel(contentsOf: place, configuration: MLModelConfiguration()))
        let samples = try Samples.load()
        #expect(samples.marks.count == 10)
        for (number, mark) in samples.marks.enumerated() {
            let buffer = try makePixelBuffer(Picture(width: 28, height: 28, pixels: mark.pixels))
            let request = VNCoreMLRequest(model: model)
            request.imageCropAndScaleOption = .scaleFill
            try VNImageRequestHandler(cvPixelBuffer: buffer, options: [:]).perform([request])
            let best = try #require((request.results as? [VNClassificationObservation])?.first)
            #expect(best.identifier == mark.label, "digit \(number)")
            #expect(abs(Double(best.confidence) - mark.confidence) < 0.05, "digit \(number)")
        }
    }

    @Test("the sample pages say what the reference reads on them")
    func samplePages() async throws {
        let reader = PageReader()
        _ = try await reader.load()
        for page in try Samples.load().pages {
            let place = try #require(Bundle.main.url(forResource: page.name, withExtension: "png"))
            let (_, shown) = try await reader.read { try readPhoto(Data(contentsOf: place)) }
            #expect(shown.text == page.text, "\(page.name)")
        }
    }

    @Test("a blank page says nothing, looked at once or as a video")
    func blankPage() async throws {
        let reader = PageReader()
        _ = try await reader.load()
        let blank = Picture(width: 640, height: 480, grey: 210)
        let (_, shown) = try await reader.read { blank }
        #expect(shown == ShownReading())
        for number in 0..<30 {
            let frame = Frame(page: blank, time: Double(number) / 15, isMirrored: false)
            let followed = try await reader.follow(frame)
            #expect(followed == ShownReading())
        }
    }

    @Test("what both models say of themselves can be shown")
    func facts() async throws {
        let facts = try await PageReader().load()
        #expect(facts.map(\.id) == ["Locator", "Classifier"])
    }

    @Test("a bundle without models says which is missing")
    func missingModel() async throws {
        await #expect(throws: AppError.modelMissing("Locator")) {
            _ = try await PageReader().load(from: Bundle(for: Empty.self))
        }
    }

    private final class Empty {}
}
