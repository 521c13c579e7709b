@preconcurrency import AVFoundation
import Dispatch
import Foundation

/// What the camera tells besides frames.
enum CaptureEvent: Equatable, Sendable {
    case started(device: String, hasTorch: Bool)
    case interrupted(Interruption)
    case resumed
    case failed(String)

    enum Interruption: Equatable, Sendable {
        case otherApp
        case multitasking
        case heat
        case other
    }
}

/// The session, for the preview layer only: everything else of it stays on the service's queue.
struct PreviewSource: @unchecked Sendable {
    let session: AVCaptureSession
}

/// The camera. All work on the session is done on one serial queue, which is this actor's executor.
actor CaptureService: FrameSource {
    nonisolated let collector = FrameCollector()
    nonisolated let preview: PreviewSource
    nonisolated let events: AsyncStream<CaptureEvent>

    private let queue = DispatchSerialQueue(label: "inklens.session")
    private let session: AVCaptureSession
    private let tell: AsyncStream<CaptureEvent>.Continuation
    private var device: AVCaptureDevice?
    private var pressure: NSKeyValueObservation?
    private var observers: [any NSObjectProtocol] = []
    private var hasRestarted = false

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        queue.asUnownedSerialExecutor()
    }

    init() {
        let session = AVCaptureSession()
        self.session = session
        preview = PreviewSource(session: session)
        (events, tell) = AsyncStream.makeStream(of: CaptureEvent.self)
    }

    nonisolated func frames() -> AsyncStream<Frame> {
        collector.frames()
    }

    /// Start the camera on one side of the phone. Throws AppError if it cannot be used.
    func start(_ position: AVCaptureDevice.Position) throws {
        if device?.position != position {
            try configure(position)
        }
        observe()
        if !session.isRunning {
            session.startRunning()
        }
        if let device {
            tell.yield(.started(device: device.uniqueID, hasTorch: device.hasTorch))
        }
    }

    func stop() {
        if session.isRunning {
            session.stopRunning()
        }
    }

    func setTorch(_ isOn: Bool) throws {
        guard let device, device.hasTorch, device.isTorchModeSupported(.on) else { return }
        try change(device) { $0.torchMode = isOn ? .on : .off }
    }

    private func configure(_ position: AVCaptureDevice.Position) throws {
        let wanted = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: position)
        guard let camera = wanted ?? AVCaptureDevice.default(for: .video) else {
            throw AppError.cameraUnusable(String(localized: "This device has no camera."))
        }
        let input = try AVCaptureDeviceInput(device: camera)
        let output = AVCaptureVideoDataOutput()
        output.alwaysDiscardsLateVideoFrames = true
        // plane 0 of this format is the grey picture itself
        output.videoSettings = [
            kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_420YpCbCr8BiPlanarFullRange
        ]
        output.setSampleBufferDelegate(collector, queue: collector.queue)
        session.beginConfiguration()
        defer { session.commitConfiguration() }
        session.inputs.forEach(session.removeInput)
        session.outputs.forEach(session.removeOutput)
        session.sessionPreset = .vga640x480
        guard session.canAddInput(input), session.canAddOutput(output) else {
            throw AppError.cameraUnusable(String(localized: "The camera gives no frames."))
        }
        session.addInput(input)
        session.addOutput(output)
        device = camera
        try prepare(camera)
        // the frames stay as the sensor gives them; only the pixels that are read are turned
        if let connection = output.connection(with: .video) {
            if connection.isVideoMirroringSupported {
                connection.automaticallyAdjustsVideoMirroring = false
                connection.isVideoMirrored = false
            }
            if connection.isVideoRotationAngleSupported(0) {
                connection.videoRotationAngle = 0
            }
        }
    }

    /// Focus near, as paper needs it, and watch how warm the camera gets.
    private func prepare(_ camera: AVCaptureDevice) throws {
        try change(camera) { camera in
            if camera.isFocusModeSupported(.continuousAutoFocus) {
                camera.focusMode = .continuousAutoFocus
            }
            if camera.isAutoFocusRangeRestrictionSupported {
                camera.autoFocusRangeRestriction = .near
            }
            let zoom = closeUpZoom(
                focus: camera.minimumFocusDistance, view: Double(camera.activeFormat.videoFieldOfView))
            camera.videoZoomFactor = min(CGFloat(zoom), camera.activeFormat.videoMaxZoomFactor)
        }
        pressure = camera.observe(\.systemPressureState, options: [.initial, .new]) { [weak self] _, _ in
            Task { await self?.setFrameRate() }
        }
    }

    private func setFrameRate() {
        guard let device else { return }
        let rate = framesPerSecond(
            pressure: device.systemPressureState.level, isLowPower: ProcessInfo.processInfo.isLowPowerModeEnabled)
        let ranges = device.activeFormat.videoSupportedFrameRateRanges
        guard ranges.contains(where: { $0.minFrameRate <= rate && rate <= $0.maxFrameRate }) else { return }
        try? change(device) { $0.activeVideoMinFrameDuration = CMTime(value: 1, timescale: CMTimeScale(rate)) }
    }

    private func change(_ camera: AVCaptureDevice, _ body: (AVCaptureDevice) -> Void) throws {
        do {
            try camera.lockForConfiguration()
        } catch {
            throw AppError.cameraUnusable(error.localizedDescription)
        }
        body(camera)
        camera.unlockForConfiguration()
    }

    private func observe() {
        guard observers.isEmpty else { return }
        let tell = tell
        on(AVCaptureSession.wasInterruptedNotification) { note in
            let number = note.userInfo?[AVCaptureSessionInterruptionReasonKey] as? NSNumber
            tell.yield(.interrupted(Self.interruption(number.flatMap { .init(rawValue: $0.intValue) })))
        }
        on(AVCaptureSession.interruptionEndedNotification) { _ in tell.yield(.resumed) }
        on(AVCaptureSession.runtimeErrorNotification) { [weak self] note in
            let error = note.userInfo?[AVCaptureSessionErrorKey] as? AVError
            let words = error?.localizedDescription ?? String(localized: "The camera stopped.")
            let wasReset = error?.code == .mediaServicesWereReset
            Task { await self?.recover(wasReset: wasReset, words: words) }
        }
        on(.NSProcessInfoPowerStateDidChange) { [weak self] _ in
            Task { await self?.setFrameRate() }
        }
    }

    private func on(_ name: Notification.Name, _ use: @escaping @Sendable (Notification) -> Void) {
        let observer = NotificationCenter.default.addObserver(forName: name, object: nil, queue: nil, using: use)
        observers.append(observer)
    }

    /// The system's media services start anew now and then; once that is no reason to give up.
    private func recover(wasReset: Bool, words: String) {
        if wasReset, !hasRestarted {
            hasRestarted = true
            session.startRunning()
        } else {
            tell.yield(.failed(words))
        }
    }

    private static func interruption(_ reason: AVCaptureSession.InterruptionReason?) -> CaptureEvent.Interruption {
        switch reason {
        case .videoDeviceInUseByAnotherClient: .otherApp
        case .videoDeviceNotAvailableWithMultipleForegroundApps: .multitasking
        case .videoDeviceNotAvailableDueToSystemPressure: .heat
        default: .other
        }
    }
}
