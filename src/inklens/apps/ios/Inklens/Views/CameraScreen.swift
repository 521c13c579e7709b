import SwiftUI
import UIKit

/// The camera with boxes over it, or why there is none.
struct CameraScreen: View {
    let model: ReaderModel
    @Environment(\.openURL) private var openURL

    var body: some View {
        switch model.access {
        case .granted: live
        case .missing: samples
        case .unasked:
            NoticeView(
                title: String(localized: "Read digits with the camera"),
                advice: String(localized: "The camera shows the page. No picture is stored or sent."), symbol: "camera"
            ) {
                Button("Use the camera") { Task { await model.askForCamera() } }
            }
        case .denied:
            NoticeView(
                title: String(localized: "The camera is not allowed"),
                advice: String(localized: "Allow it in Settings, or read photos and drawings instead."),
                symbol: "camera.badge.ellipsis"
            ) {
                Button("Open Settings") {
                    if let settings = URL(string: UIApplication.openSettingsURLString) { openURL(settings) }
                }
            }
        case .restricted:
            NoticeView(
                title: String(localized: "The camera is not allowed"),
                advice: String(localized: "This device does not let apps use it. Read photos and drawings instead."),
                symbol: "lock"
            ) { EmptyView() }
        }
    }

    private var live: some View {
        ZStack {
            CameraView(preview: model.camera.preview, cameraName: model.cameraName) { region in
                model.camera.collector.show(region)
            }
            .accessibilityLabel(Text("Camera"))
            if let still = model.still {
                StillView(picture: still).scaleEffect(x: model.isMirrored ? -1 : 1)
            }
            MarksView(marks: model.reading.marks, isMirrored: model.isMirrored)
            if let interruption = model.interruption {
                NoticeView(
                    title: String(localized: "The camera pauses"), advice: words(interruption), symbol: "pause.circle"
                ) { EmptyView() }
                .background(.regularMaterial)
            }
        }
        .clipped()
        .overlay(alignment: .bottom) { controls.padding() }
    }

    private var samples: some View {
        PageView(picture: model.still, marks: model.reading.marks)
            .overlay(alignment: .top) {
                Text("No camera here: these are sample pages.")
                    .font(.footnote)
                    .padding()
                    .background(.regularMaterial)
            }
            .overlay(alignment: .bottom) { freezeButton.padding() }
    }

    private var controls: some View {
        HStack {
            if model.hasTorch {
                Button("Torch", systemImage: model.isTorchOn ? "flashlight.on.fill" : "flashlight.off.fill") {
                    Task { await model.toggleTorch() }
                }
                .accessibilityValue(model.isTorchOn ? Text("On") : Text("Off"))
            }
            freezeButton
            Button("Other camera", systemImage: "arrow.triangle.2.circlepath.camera") { model.turnCamera() }
        }
        .labelStyle(.iconOnly)
        .buttonStyle(.borderedProminent)
        .controlSize(.large)
    }

    private var freezeButton: some View {
        Button(
            model.isFrozen ? String(localized: "Go on") : String(localized: "Freeze"),
            systemImage: model.isFrozen ? "play.fill" : "pause.fill"
        ) { model.freeze() }
        .labelStyle(.iconOnly)
        .buttonStyle(.borderedProminent)
        .controlSize(.large)
    }

    private func words(_ interruption: CaptureEvent.Interruption) -> String {
        switch interruption {
        case .otherApp: String(localized: "Another app uses it.")
        case .multitasking: String(localized: "It does not work beside other apps.")
        case .heat: String(localized: "The device is too warm.")
        case .other: String(localized: "It goes on by itself.")
        }
    }
}
