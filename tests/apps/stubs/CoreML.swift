@_exported import CoreVideo

public struct MLModelMetadataKey: RawRepresentable, Hashable, Sendable {  // iOS 11.0 · MLModelMetadataKey
    public let rawValue: String  // iOS 11.0 · rawValue
    public init(rawValue: String) { self.rawValue = rawValue }  // iOS 11.0 · init(rawValue:)
    public static let description = Self(rawValue: "")  // iOS 11.0 · description
    public static let versionString = Self(rawValue: "")  // iOS 11.0 · versionString
    public static let author = Self(rawValue: "")  // iOS 11.0 · author
    public static let license = Self(rawValue: "")  // iOS 11.0 · license
    public static let creatorDefinedKey = Self(rawValue: "")  // iOS 11.0 · creatorDefinedKey
}
open class MLModelDescription: NSObject {  // iOS 11.0 · MLModelDescription
    open var metadata: [MLModelMetadataKey: Any] { [:] }  // iOS 11.0 · metadata
}
public enum MLComputeUnits: Int, Sendable {  // iOS 12.0 · MLComputeUnits
    case cpuOnly = 0  // iOS 12.0 · MLComputeUnits.cpuOnly
    case cpuAndGPU = 1  // iOS 12.0 · MLComputeUnits.cpuAndGPU
    case all = 2  // iOS 12.0 · MLComputeUnits.all
    case cpuAndNeuralEngine = 3  // iOS 16.0 · MLComputeUnits.cpuAndNeuralEngine
}
open class MLModelConfiguration: NSObject {  // iOS 12.0 · MLModelConfiguration
    open var computeUnits: MLComputeUnits = .all  // iOS 12.0 · computeUnits
}
public enum MLFeatureType: Int, Sendable {  // iOS 11.0 · MLFeatureType
    case invalid = 0  // iOS 11.0 · MLFeatureType.invalid
    case dictionary = 6  // iOS 11.0 · MLFeatureType.dictionary
}
public enum MLMultiArrayDataType: Int, Sendable {  // iOS 11.0 · MLMultiArrayDataType
    case double = 0x10040  // iOS 11.0 · MLMultiArrayDataType.double
    public static let float32 = MLMultiArrayDataType(rawValue: 0x10020) ?? .double  // iOS 11.0 · MLMultiArrayDataType.float32
}
public protocol MLShapedArrayScalar {}  // iOS 15.0 · MLShapedArrayScalar
extension Float: MLShapedArrayScalar {}
open class MLMultiArray: NSObject {  // iOS 11.0 · MLMultiArray
    open var shape: [NSNumber] { [] }  // iOS 11.0 · shape
    open var strides: [NSNumber] { [] }  // iOS 11.0 · strides
    open var dataType: MLMultiArrayDataType { .double }  // iOS 11.0 · dataType
    open subscript(idx: Int) -> NSNumber { 0 }  // iOS 11.0 · subscript(_:)
    public func withUnsafeBufferPointer<S: MLShapedArrayScalar, R>(  // iOS 15.4 · withUnsafeBufferPointer(ofType:_:)
        ofType type: S.Type, _ body: (UnsafeBufferPointer<S>) throws -> R
    ) rethrows -> R { try body(UnsafeBufferPointer(start: nil, count: 0)) }
}
open class MLFeatureValue: NSObject {  // iOS 11.0 · MLFeatureValue
    public convenience init(pixelBuffer value: CVPixelBuffer) { self.init() }  // iOS 11.0 · init(pixelBuffer:)
    open var type: MLFeatureType { .invalid }  // iOS 11.0 · type
    open var multiArrayValue: MLMultiArray? { nil }  // iOS 11.0 · multiArrayValue
    open var dictionaryValue: [AnyHashable: NSNumber] { [:] }  // iOS 11.0 · dictionaryValue
}
public protocol MLFeatureProvider {  // iOS 11.0 · MLFeatureProvider
    var featureNames: Set<String> { get }  // iOS 11.0 · featureNames
    func featureValue(for featureName: String) -> MLFeatureValue?  // iOS 11.0 · featureValue(for:)
}
open class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {  // iOS 11.0 · MLDictionaryFeatureProvider
    public convenience init(dictionary: [String: Any]) throws { self.init() }  // iOS 11.0 · init(dictionary:)
    open var featureNames: Set<String> { [] }  // iOS 11.0 · featureNames
    open func featureValue(for featureName: String) -> MLFeatureValue? { nil }  // iOS 11.0 · featureValue(for:)
}
public protocol MLBatchProvider {  // iOS 12.0 · MLBatchProvider
    var count: Int { get }  // iOS 12.0 · count
    func features(at index: Int) -> any MLFeatureProvider  // iOS 12.0 · features(at:)
}
open class MLArrayBatchProvider: NSObject, MLBatchProvider {  // iOS 12.0 · MLArrayBatchProvider
    public convenience init(array: [any MLFeatureProvider]) { self.init() }  // iOS 12.0 · init(array:)
    open var count: Int { 0 }  // iOS 12.0 · count
    open func features(at index: Int) -> any MLFeatureProvider { (try? MLDictionaryFeatureProvider(dictionary: [:])) ?? .init() }  // iOS 12.0 · features(at:)
}
open class MLModel: NSObject {  // iOS 11.0 · MLModel
    public convenience init(contentsOf url: URL, configuration: MLModelConfiguration) throws { self.init() }  // iOS 12.0 · init(contentsOf:configuration:)
    open var modelDescription: MLModelDescription { MLModelDescription() }  // iOS 11.0 · modelDescription
    open func predictions(fromBatch inputBatch: any MLBatchProvider) throws -> any MLBatchProvider { inputBatch }  // iOS 12.0 · predictions(fromBatch:)
}
