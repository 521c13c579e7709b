@_exported import CoreMedia
@_exported import QuartzCore

public struct AVMediaType: Hashable, Sendable {  // iOS 4.0 · AVMediaType
    public static let video = AVMediaType()  // iOS 4.0 · video
}
public struct AVError: Error {  // iOS 4.0 · AVError
    public struct Code: Equatable, Sendable {  // iOS 4.0 · AVError.Code
        public static let mediaServicesWereReset = Code()  // iOS 4.0 · mediaServicesWereReset
    }
    public var code: Code { Code() }  // iOS 4.0 · code
    public var localizedDescription: String { "" }  // iOS 4.0 · localizedDescription
}
public enum AVAuthorizationStatus: Int, Sendable {  // iOS 7.0 · AVAuthorizationStatus
    case notDetermined, restricted, denied, authorized  // iOS 7.0 · AVAuthorizationStatus
}
open class AVFrameRateRange: NSObject {  // iOS 7.0 · AVFrameRateRange
    open var minFrameRate: Float64 { 0 }  // iOS 7.0 · minFrameRate
    open var maxFrameRate: Float64 { 0 }  // iOS 7.0 · maxFrameRate
}
open class AVCaptureDevice: NSObject {  // iOS 4.0 · AVCaptureDevice
    public struct DeviceType: Hashable, Sendable {  // iOS 10.0 · AVCaptureDevice.DeviceType
        public static let builtInWideAngleCamera = DeviceType()  // iOS 10.0 · builtInWideAngleCamera
    }
    public enum Position: Int, Sendable {  // iOS 4.0 · AVCaptureDevice.Position
        case unspecified, back, front  // iOS 4.0 · AVCaptureDevice.Position
    }
    public enum TorchMode: Int, Sendable {  // iOS 4.0 · AVCaptureDevice.TorchMode
        case off, on, auto  // iOS 4.0 · AVCaptureDevice.TorchMode
    }
    public enum FocusMode: Int, Sendable {  // iOS 4.0 · AVCaptureDevice.FocusMode
        case locked, autoFocus, continuousAutoFocus  // iOS 4.0 · AVCaptureDevice.FocusMode
    }
    public enum AutoFocusRangeRestriction: Int, Sendable {  // iOS 7.0 · AVCaptureDevice.AutoFocusRangeRestriction
        case none, near, far  // iOS 7.0 · AVCaptureDevice.AutoFocusRangeRestriction
    }
    open class SystemPressureState: NSObject {  // iOS 11.1 · AVCaptureDevice.SystemPressureState
        public struct Level: Hashable, Sendable {  // iOS 11.1 · AVCaptureDevice.SystemPressureState.Level
            public static let nominal = Level()  // iOS 11.1 · nominal
            public static let fair = Level()  // iOS 11.1 · fair
            public static let serious = Level()  // iOS 11.1 · serious
            public static let critical = Level()  // iOS 11.1 · critical
            public static let shutdown = Level()  // iOS 11.1 · shutdown
        }
        open var level: Level { .nominal }  // iOS 11.1 · level
    }
    open class Format: NSObject {  // iOS 7.0 · AVCaptureDevice.Format
        open var videoFieldOfView: Float { 0 }  // iOS 7.0 · videoFieldOfView
        open var videoMaxZoomFactor: CGFloat { 1 }  // iOS 7.0 · videoMaxZoomFactor
        open var videoSupportedFrameRateRanges: [AVFrameRateRange] { [] }  // iOS 7.0 · videoSupportedFrameRateRanges
    }
    open class RotationCoordinator: NSObject {  // iOS 17.0 · AVCaptureDevice.RotationCoordinator
        public init(device: AVCaptureDevice, previewLayer: CALayer?) {}  // iOS 17.0 · init(device:previewLayer:)
        open var videoRotationAngleForHorizonLevelPreview: CGFloat { 0 }  // iOS 17.0 · videoRotationAngleForHorizonLevelPreview
    }
    open class func `default`(_ deviceType: DeviceType, for mediaType: AVMediaType?, position: Position) -> AVCaptureDevice? { nil }  // iOS 10.0 · default(_:for:position:)
    open class func `default`(for mediaType: AVMediaType) -> AVCaptureDevice? { nil }  // iOS 4.0 · default(for:)
    open class func authorizationStatus(for mediaType: AVMediaType) -> AVAuthorizationStatus { .denied }  // iOS 7.0 · authorizationStatus(for:)
    open class func requestAccess(for mediaType: AVMediaType) async -> Bool { false }  // iOS 7.0 · requestAccess(for:completionHandler:)
    public convenience init?(uniqueID deviceUniqueID: String) { self.init() }  // iOS 4.0 · init(uniqueID:)
    open var uniqueID: String { "" }  // iOS 4.0 · uniqueID
    open var position: Position { .back }  // iOS 4.0 · position
    open var hasTorch: Bool { false }  // iOS 4.0 · hasTorch
    open var torchMode: TorchMode = .off  // iOS 4.0 · torchMode
    open func isTorchModeSupported(_ torchMode: TorchMode) -> Bool { false }  // iOS 4.0 · isTorchModeSupported(_:)
    open var focusMode: FocusMode = .locked  // iOS 4.0 · focusMode
    open func isFocusModeSupported(_ focusMode: FocusMode) -> Bool { false }  // iOS 4.0 · isFocusModeSupported(_:)
    open var isAutoFocusRangeRestrictionSupported: Bool { false }  // iOS 7.0 · isAutoFocusRangeRestrictionSupported
    open var autoFocusRangeRestriction: AutoFocusRangeRestriction = .none  // iOS 7.0 · autoFocusRangeRestriction
    open var minimumFocusDistance: Int { -1 }  // iOS 15.0 · minimumFocusDistance
    open var activeFormat: Format = Format()  // iOS 7.0 · activeFormat
    open var activeVideoMinFrameDuration = CMTime(value: 1, timescale: 30)  // iOS 7.0 · activeVideoMinFrameDuration
    open var videoZoomFactor: CGFloat = 1  // iOS 7.0 · videoZoomFactor
    open var systemPressureState: SystemPressureState { SystemPressureState() }  // iOS 11.1 · systemPressureState
    open func lockForConfiguration() throws {}  // iOS 4.0 · lockForConfiguration()
    open func unlockForConfiguration() {}  // iOS 4.0 · unlockForConfiguration()
}
open class AVCaptureInput: NSObject {}  // iOS 4.0 · AVCaptureInput
open class AVCaptureDeviceInput: AVCaptureInput {  // iOS 4.0 · AVCaptureDeviceInput
    public init(device: AVCaptureDevice) throws {}  // iOS 4.0 · init(device:)
}
open class AVCaptureConnection: NSObject {  // iOS 4.0 · AVCaptureConnection
    open var isVideoMirroringSupported: Bool { false }  // iOS 4.0 · isVideoMirroringSupported
    open var automaticallyAdjustsVideoMirroring = true  // iOS 6.0 · automaticallyAdjustsVideoMirroring
    open var isVideoMirrored = false  // iOS 4.0 · isVideoMirrored
    open func isVideoRotationAngleSupported(_ videoRotationAngle: CGFloat) -> Bool { false }  // iOS 17.0 · isVideoRotationAngleSupported(_:)
    open var videoRotationAngle: CGFloat = 0  // iOS 17.0 · videoRotationAngle
}
open class AVCaptureOutput: NSObject {  // iOS 4.0 · AVCaptureOutput
    open func connection(with mediaType: AVMediaType) -> AVCaptureConnection? { nil }  // iOS 5.0 · connection(with:)
}
public protocol AVCaptureVideoDataOutputSampleBufferDelegate: NSObjectProtocol {  // iOS 4.0 · AVCaptureVideoDataOutputSampleBufferDelegate
    func captureOutput(_ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from connection: AVCaptureConnection)  // iOS 4.0 · captureOutput(_:didOutput:from:)
}
open class AVCaptureVideoDataOutput: AVCaptureOutput {  // iOS 4.0 · AVCaptureVideoDataOutput
    open func setSampleBufferDelegate(_ sampleBufferDelegate: (any AVCaptureVideoDataOutputSampleBufferDelegate)?, queue sampleBufferCallbackQueue: DispatchQueue?) {}  // iOS 4.0 · setSampleBufferDelegate(_:queue:)
    open var videoSettings: [String: Any] = [:]  // iOS 4.0 · videoSettings
    open var alwaysDiscardsLateVideoFrames = true  // iOS 4.0 · alwaysDiscardsLateVideoFrames
}
public let AVCaptureSessionErrorKey = ""  // iOS 4.0 · AVCaptureSessionErrorKey
public let AVCaptureSessionInterruptionReasonKey = ""  // iOS 9.0 · AVCaptureSessionInterruptionReasonKey
open class AVCaptureSession: NSObject {  // iOS 4.0 · AVCaptureSession
    public struct Preset: Hashable, Sendable {  // iOS 4.0 · AVCaptureSession.Preset
        public static let high = Preset()  // iOS 4.0 · high
        public static let vga640x480 = Preset()  // iOS 4.0 · vga640x480
    }
    public enum InterruptionReason: Int, Sendable {  // iOS 9.0 · AVCaptureSession.InterruptionReason
        case videoDeviceNotAvailableInBackground = 1  // iOS 9.0 · AVCaptureSession.InterruptionReason
        case audioDeviceInUseByAnotherClient = 2  // iOS 9.0 · AVCaptureSession.InterruptionReason
        case videoDeviceInUseByAnotherClient = 3  // iOS 9.0 · AVCaptureSession.InterruptionReason
        case videoDeviceNotAvailableWithMultipleForegroundApps = 4  // iOS 9.0 · AVCaptureSession.InterruptionReason
        case videoDeviceNotAvailableDueToSystemPressure = 5  // iOS 11.1 · AVCaptureSession.InterruptionReason
    }
    public static let wasInterruptedNotification = NSNotification.Name("")  // iOS 4.0 · wasInterruptedNotification
    public static let interruptionEndedNotification = NSNotification.Name("")  // iOS 4.0 · interruptionEndedNotification
    public static let runtimeErrorNotification = NSNotification.Name("")  // iOS 4.0 · runtimeErrorNotification
    open var sessionPreset = Preset.high  // iOS 4.0 · sessionPreset
    open var inputs: [AVCaptureInput] { [] }  // iOS 4.0 · inputs
    open var outputs: [AVCaptureOutput] { [] }  // iOS 4.0 · outputs
    open func canAddInput(_ input: AVCaptureInput) -> Bool { false }  // iOS 4.0 · canAddInput(_:)
    open func addInput(_ input: AVCaptureInput) {}  // iOS 4.0 · addInput(_:)
    open func removeInput(_ input: AVCaptureInput) {}  // iOS 4.0 · removeInput(_:)
    open func canAddOutput(_ output: AVCaptureOutput) -> Bool { false }  // iOS 4.0 · canAddOutput(_:)
    open func addOutput(_ output: AVCaptureOutput) {}  // iOS 4.0 · addOutput(_:)
    open func removeOutput(_ output: AVCaptureOutput) {}  // iOS 4.0 · removeOutput(_:)
    open func beginConfiguration() {}  // iOS 4.0 · beginConfiguration()
    open func commitConfiguration() {}  // iOS 4.0 · commitConfiguration()
    open func startRunning() {}  // iOS 4.0 · startRunning()
    open func stopRunning() {}  // iOS 4.0 · stopRunning()
    open var isRunning: Bool { false }  // iOS 4.0 · isRunning
}
public struct AVLayerVideoGravity: Hashable, Sendable {  // iOS 4.0 · AVLayerVideoGravity
    public static let resizeAspectFill = AVLayerVideoGravity()  // iOS 4.0 · resizeAspectFill
}
open class AVCaptureVideoPreviewLayer: CALayer {  // iOS 4.0 · AVCaptureVideoPreviewLayer
    open var session: AVCaptureSession?  // iOS 4.0 · session
    open var connection: AVCaptureConnection? { nil }  // iOS 6.0 · connection
    open var videoGravity = AVLayerVideoGravity()  // iOS 4.0 · videoGravity
    open func metadataOutputRectConverted(fromLayerRect rectInLayerCoordinates: CGRect) -> CGRect { .zero }  // iOS 7.0 · metadataOutputRectConverted(fromLayerRect:)
}
