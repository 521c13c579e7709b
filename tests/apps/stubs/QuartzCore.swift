@_exported import CoreGraphics

open class CALayer: NSObject {  // iOS 2.0 · CALayer
    open var bounds: CGRect = .zero  // iOS 2.0 · bounds
}
