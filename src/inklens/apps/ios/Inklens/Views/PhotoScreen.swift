import PhotosUI
import SwiftUI

/// A photo of the library with its digits. The system's picker gives only what is chosen, so nothing is asked for.
struct PhotoScreen: View {
    let model: ReaderModel
    @State private var choice: PhotosPickerItem?

    var body: some View {
        VStack {
            if let picture = model.still {
                PageView(picture: picture, marks: model.reading.marks)
            } else {
                Spacer()
            }
            PhotosPicker(selection: $choice, matching: .images) {
                Label("Choose a photo", systemImage: "photo.on.rectangle")
            }
            .buttonStyle(.borderedProminent)
            if model.still == nil { Spacer() }
        }
        .onChange(of: choice) { _, item in
            guard let item else { return }
            Task {
                let data = try? await item.loadTransferable(type: Data.self)
                await model.read {
                    guard let data else { throw AppError.pictureUnreadable }
                    return try readPhoto(data)
                }
            }
        }
    }
}
