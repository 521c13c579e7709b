@_exported import QuartzCore

@MainActor open class UIResponder: NSObject {}  // iOS 2.0 · UIResponder
@MainActor open class UIView: UIResponder {  // iOS 2.0 · UIView
    open class var layerClass: AnyClass { CALayer.self }  // iOS 2.0 · layerClass
    open var layer: CALayer { CALayer() }  // iOS 2.0 · layer
    open var bounds: CGRect = .zero  // iOS 2.0 · bounds
    open func layoutSubviews() {}  // iOS 2.0 · layoutSubviews()
}
@MainActor open class UIApplication: UIResponder {  // iOS 2.0 · UIApplication
    public class var openSettingsURLString: String { "" }  // iOS 8.0 · openSettingsURLString
}
open class UIPasteboard: NSObject {  // iOS 3.0 · UIPasteboard
    @MainActor open class var general: UIPasteboard { UIPasteboard() }  // iOS 3.0 · general
    open var string: String?  // iOS 3.0 · string
}
