@preconcurrency import AVFoundation
import DigitCore
import Foundation
import Observation

/// What the app looks at.
enum Input: String, CaseIterable, Identifiable, Sendable {
    case camera
    case photo
    case drawing

    var id: String { rawValue }
}

/// What the screen shows, and what happens when somebody touches it.
@Observable
@MainActor
final class ReaderModel {
    private(set) var access = CameraAccess.unasked
    private(set) var reading = ShownReading()
    private(set) var problem: AppError?
    private(set) var interruption: CaptureEvent.Interruption?
    private(set) var isLoaded = false
    private(set) var models: [ModelFacts] = []
    /// The page that is shown instead of the camera: a sample, a photo, a frozen frame.
    private(set) var still: Picture?
    private(set) var isFrozen = false
    private(set) var isMirrored = false
    private(set) var usesFrontCamera = false
    private(set) var isTorchOn = false
    private(set) var hasTorch = false
    private(set) var cameraName: String?
    /// How often a digit was told; the phone ticks when it grows.
    private(set) var commits = 0
    var input = Input.camera {
        didSet { if input != oldValue { restart() } }
    }

    @ObservationIgnored let camera = CaptureService()
    @ObservationIgnored private let reader = PageReader()
    @ObservationIgnored private let announcer = Announcer()
    @ObservationIgnored private var loop: Task<Void, Never>?
    @ObservationIgnored private var isActive = false
    @ObservationIgnored private var newest: Picture?

    var usesSamples: Bool { access == .missing }

    /// Load the networks and listen to the camera until the view goes.
    func run() async {
        access = CameraAccess.current()
        do {
            models = try await reader.load()
            isLoaded = true
        } catch {
            problem = Self.words(error)
            return
        }
        restart()
        for await event in camera.events { heed(event) }
    }

    /// The app came to the front, or left it.
    func setActive(_ active: Bool) {
        guard active != isActive else { return }
        isActive = active
        if active, access != .unasked {
            access = CameraAccess.current()  // it may have been changed in Settings
        }
        restart()
    }

    func askForCamera() async {
        access = await CameraAccess.ask()
        restart()
    }

    func turnCamera() {
        usesFrontCamera.toggle()
        restart()
    }

    func toggleTorch() async {
        do {
            try await camera.setTorch(!isTorchOn)
            isTorchOn.toggle()
        } catch {
            problem = Self.words(error)
        }
    }

    /// Begin anew with what is looked at now.
    func restart() {
        loop?.cancel()
        loop = nil
        problem = nil
        interruption = nil
        isFrozen = false
        isTorchOn = false
        still = nil
        reading = ShownReading()
        let watches = isLoaded && isActive && input == .camera
        let camera = camera
        if watches, access == .granted {
            let position: AVCaptureDevice.Position = usesFrontCamera ? .front : .back
            loop = Task { [weak self] in
                do {
                    try await camera.start(position)
                } catch {
                    self?.problem = Self.words(error)
                    return
                }
                await self?.follow(camera)
            }
        } else {
            cameraName = nil
            loop = Task { [weak self] in
                await camera.stop()
                guard watches, self?.access == .missing else { return }
                do {
                    await self?.follow(try SampleFrames())
                } catch {
                    self?.problem = Self.words(error)
                }
            }
        }
    }

    /// Read the newest frame, again and again; while one is read, others are dropped.
    private func follow(_ source: any FrameSource) async {
        await reader.forget()
        for await frame in source.frames() {
            if Task.isCancelled { return }
            if isFrozen { continue }
            do {
                let shown = try await reader.follow(frame)
                if Task.isCancelled || isFrozen { continue }
                isMirrored = frame.isMirrored
                newest = frame.page
                if usesSamples { still = frame.page }
                show(shown)
            } catch {
                problem = Self.words(error)
                return
            }
        }
    }

    /// Hold the newest frame, or let it go.
    func freeze() {
        isFrozen.toggle()
        if isFrozen {
            still = newest
        } else if !usesSamples {
            still = nil
        }
    }

    /// Read a photo of the library, or a drawing.
    func read(_ make: @escaping @Sendable () throws -> Picture) async {
        problem = nil
        do {
            let (page, shown) = try await reader.read(make)
            if input == .photo { still = page }
            isMirrored = false
            show(shown)
        } catch {
            problem = Self.words(error)
        }
    }

    /// Nothing is drawn any more.
    func clear() {
        reading = ShownReading()
        still = nil
    }

    private func show(_ shown: ShownReading) {
        if !shown.committed.isEmpty {
            commits += 1
            announcer.say(shown.text)
        }
        if shown != reading { reading = shown }
    }

    private func heed(_ event: CaptureEvent) {
        switch event {
        case .started(let device, let hasTorch):
            cameraName = device
            self.hasTorch = hasTorch
        case .interrupted(let reason):
            interruption = reason
            isTorchOn = false
            reading = ShownReading()
        case .resumed:
            interruption = nil
        case .failed(let words):
            problem = .cameraUnusable(words)
        }
    }

    private static func words(_ error: any Error) -> AppError {
        error as? AppError ?? .cameraUnusable(error.localizedDescription)
    }
}
