import CoreML
import DigitCore
import Foundation

/// A network of the app's bundle, run by Core ML: the one place where the app meets it.
struct CoreMLNetwork: Network {
    /// How an answer becomes numbers.
    enum Output {
        case maps
        case probabilities(labels: [String])
    }

    let model: MLModel
    let input: String
    let output: Output

    func answer(_ pictures: [Picture]) throws -> [[Float]] {
        let batch = try pictures.map { picture in
            let value = MLFeatureValue(pixelBuffer: try makePixelBuffer(picture))
            return try MLDictionaryFeatureProvider(dictionary: [input: value])
        }
        let answers = try model.predictions(fromBatch: MLArrayBatchProvider(array: batch))
        return try (0..<answers.count).map { try numbers(answers.features(at: $0)) }
    }

    private func numbers(_ features: any MLFeatureProvider) throws -> [Float] {
        switch output {
        case .maps:
            guard let name = features.featureNames.first,
                let maps = features.featureValue(for: name)?.multiArrayValue
            else { throw AppError.modelUnusable("Locator", String(localized: "It gives no maps.")) }
            return try Self.floats(maps)
        case .probabilities(let labels):
            let values = features.featureNames.compactMap { features.featureValue(for: $0) }
            guard let dictionary = values.first(where: { $0.type == .dictionary })?.dictionaryValue else {
                throw AppError.modelUnusable("Classifier", String(localized: "It gives no probabilities."))
            }
            return labels.map { dictionary[$0]?.floatValue ?? 0 }
        }
    }

    /// The numbers of an array in row order, whatever lies between its rows.
    static func floats(_ array: MLMultiArray) throws -> [Float] {
        let shape = array.shape.map(\.intValue)
        let steps = array.strides.map(\.intValue)
        let count = shape.reduce(1, *)
        var contiguous = 1
        let isDense = zip(shape, steps).reversed().allSatisfy { length, step in
            defer { contiguous *= length }
            return length == 1 || step == contiguous
        }
        guard array.dataType == .float32, isDense else {
            return (0..<count).map { array[$0].floatValue }  // counts in row order, slowly
        }
        return array.withUnsafeBufferPointer(ofType: Float.self) { Array($0.prefix(count)) }
    }
}
