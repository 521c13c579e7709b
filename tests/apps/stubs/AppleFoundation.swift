// What Foundation, Dispatch, Core Foundation and Objective-C have on iOS and not on Linux. Every other stub exports it.
// On Linux the Core Foundation types are Swift's own, since nothing bridges them there.
@_exported import Foundation

public final class DispatchSerialQueue: SerialExecutor, Sendable {  // iOS 12.0 · DispatchSerialQueue
    public init(label: String) {}  // iOS 17.0 · init(label:qos:attributes:autoreleaseFrequency:target:)
    public func enqueue(_ job: consuming ExecutorJob) {}  // iOS 17.0 · enqueue(_:)
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { .init(ordinary: self) }  // iOS 13.0 · asUnownedSerialExecutor()
}

public typealias CFDictionary = [AnyHashable: Any]  // iOS 2.0 · CFDictionary
public typealias CFString = String  // iOS 2.0 · CFString
public typealias CFData = Data  // iOS 2.0 · CFData
public struct CFAllocator: Sendable {}  // iOS 2.0 · CFAllocator
public let kCFAllocatorDefault: CFAllocator? = nil  // iOS 2.0 · kCFAllocatorDefault

public struct NSKeyValueObservingOptions: OptionSet, Sendable {  // iOS 2.0 · NSKeyValueObservingOptions
    public let rawValue: UInt  // iOS 2.0 · rawValue
    public init(rawValue: UInt) { self.rawValue = rawValue }  // iOS 2.0 · init(rawValue:)
    public static let new = Self(rawValue: 1)  // iOS 2.0 · new
    public static let initial = Self(rawValue: 4)  // iOS 2.0 · initial
}
public struct NSKeyValueObservedChange<Value> {  // iOS 11.0 · NSKeyValueObservedChange
    public let newValue: Value?  // iOS 11.0 · newValue
}
public final class NSKeyValueObservation: NSObject {  // iOS 11.0 · NSKeyValueObservation
    public func invalidate() {}  // iOS 11.0 · invalidate()
}
public protocol _KeyValueCodingAndObserving {}  // iOS 11.0 · _KeyValueCodingAndObserving
extension NSObject: _KeyValueCodingAndObserving {}
extension _KeyValueCodingAndObserving {
    public func observe<Value>(  // iOS 11.0 · observe(_:options:changeHandler:)
        _ keyPath: KeyPath<Self, Value>, options: NSKeyValueObservingOptions = [],
        changeHandler: @escaping @Sendable (Self, NSKeyValueObservedChange<Value>) -> Void
    ) -> NSKeyValueObservation { NSKeyValueObservation() }
}

extension ProcessInfo {
    public var isLowPowerModeEnabled: Bool { false }  // iOS 9.0 · isLowPowerModeEnabled
}
extension NSNotification.Name {
    public static let NSProcessInfoPowerStateDidChange = Self("")  // iOS 9.0 · NSProcessInfoPowerStateDidChange
}
extension String {
    public struct LocalizationValue: ExpressibleByStringInterpolation {  // iOS 15.0 · String.LocalizationValue
        public init(stringLiteral value: String) {}  // iOS 15.0 · init(stringLiteral:)
    }
    public init(localized key: LocalizationValue) { self = "" }  // iOS 15.0 · init(localized:table:bundle:locale:comment:)
}
