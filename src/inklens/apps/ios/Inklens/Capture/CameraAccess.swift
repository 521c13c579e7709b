@preconcurrency import AVFoundation

/// Whether the camera may be used. It is asked for on a button, never at launch.
enum CameraAccess: Equatable, Sendable {
    case unasked
    case denied
    case restricted
    case missing
    case granted

    /// What holds now, without asking.
    static func current() -> CameraAccess {
        if AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .unspecified) == nil {
            return .missing
        }
        switch AVCaptureDevice.authorizationStatus(for: .video) {
        case .authorized: return .granted
        case .notDetermined: return .unasked
        case .restricted: return .restricted
        case .denied: return .denied
        @unknown default: return .denied
        }
    }

    /// Ask, once; afterwards only Settings can change it.
    static func ask() async -> CameraAccess {
        _ = await AVCaptureDevice.requestAccess(for: .video)
        return current()
    }
}
