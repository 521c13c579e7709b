import SwiftUI

@main
struct InklensApp: App {
    @State private var model = ReaderModel()

    var body: some Scene {
        WindowGroup {
            RootView(model: model)
        }
    }
}
