import SwiftUI

/// The whole screen: what is looked at, what it says, and the choice of what to look at.
struct RootView: View {
    @Bindable var model: ReaderModel
    @Environment(\.scenePhase) private var scenePhase
    @State private var showsModels = false

    var body: some View {
        VStack(spacing: 0) {
            stage
                .frame(maxWidth: .infinity, maxHeight: .infinity)
            ReadingBar(reading: model.reading, isReading: model.isLoaded && model.problem == nil)
            Picker("Look at", selection: $model.input) {
                Label("Camera", systemImage: "camera").tag(Input.camera)
                Label("Photo", systemImage: "photo").tag(Input.photo)
                Label("Drawing", systemImage: "scribble").tag(Input.drawing)
            }
            .pickerStyle(.segmented)
            .padding()
        }
        .task { await model.run() }
        .onChange(of: scenePhase, initial: true) { _, phase in model.setActive(phase == .active) }
        .sensoryFeedback(.selection, trigger: model.commits)
        .overlay(alignment: .topTrailing) {
            Button("About the model", systemImage: "info.circle") { showsModels = true }
                .labelStyle(.iconOnly)
                .buttonStyle(.bordered)
                .padding()
        }
        .sheet(isPresented: $showsModels) { ModelsView(models: model.models) }
    }

    @ViewBuilder private var stage: some View {
        if let problem = model.problem {
            NoticeView(title: problem.title, advice: problem.advice, symbol: "exclamationmark.triangle") {
                Button("Try again") { model.restart() }
            }
        } else if !model.isLoaded {
            ProgressView("Loading the model")
        } else {
            switch model.input {
            case .camera: CameraScreen(model: model)
            case .photo: PhotoScreen(model: model)
            case .drawing: DrawingScreen(model: model)
            }
        }
    }
}
