@preconcurrency import AVFoundation
import SwiftUI
import UIKit

/// What the camera sees, filling its space, upright however the phone is held.
struct CameraView: UIViewRepresentable {
    let preview: PreviewSource
    /// The camera that runs; nil while none does.
    let cameraName: String?
    /// Told which part of the frames is on the screen.
    let show: (Region) -> Void

    func makeUIView(context: Context) -> PreviewView {
        let view = PreviewView()
        view.previewLayer?.videoGravity = .resizeAspectFill
        view.previewLayer?.session = preview.session
        return view
    }

    func updateUIView(_ view: PreviewView, context: Context) {
        view.show = show
        view.follow(cameraName)
        view.report()
    }
}

/// A view whose layer is the camera's preview.
final class PreviewView: UIView {
    var show: (Region) -> Void = { _ in }
    private var cameraName: String?
    private var coordinator: AVCaptureDevice.RotationCoordinator?
    private var rotation: NSKeyValueObservation?

    override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }

    var previewLayer: AVCaptureVideoPreviewLayer? { layer as? AVCaptureVideoPreviewLayer }

    override func layoutSubviews() {
        super.layoutSubviews()
        report()
    }

    /// Turn the preview as this camera needs it. What counts is how the page stands on the screen, not to gravity:
    /// paper lies flat under the phone.
    func follow(_ name: String?) {
        guard name != cameraName else { return }
        cameraName = name
        rotation = nil
        coordinator = nil
        guard let name, let device = AVCaptureDevice(uniqueID: name) else { return }
        let coordinator = AVCaptureDevice.RotationCoordinator(device: device, previewLayer: previewLayer)
        self.coordinator = coordinator
        rotation = coordinator.observe(\.videoRotationAngleForHorizonLevelPreview, options: [.initial, .new]) {
            [weak self] coordinator, _ in
            let angle = coordinator.videoRotationAngleForHorizonLevelPreview
            Task { @MainActor in self?.turn(angle) }
        }
    }

    /// Tell which part of the frames is on the screen, and how it stands there.
    func report() {
        guard let previewLayer, let connection = previewLayer.connection, !bounds.isEmpty else { return }
        let visible = previewLayer.metadataOutputRectConverted(fromLayerRect: bounds)
        show(Region(visible: visible, angle: connection.videoRotationAngle, isMirrored: connection.isVideoMirrored))
    }

    private func turn(_ angle: CGFloat) {
        guard let connection = previewLayer?.connection, connection.isVideoRotationAngleSupported(angle) else { return }
        connection.videoRotationAngle = angle
        report()
    }
}
