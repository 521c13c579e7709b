import DigitCore
import SwiftUI

/// A still page with boxes over its marks, as large as it fits.
struct PageView: View {
    let picture: Picture?
    let marks: [ShownMark]

    var body: some View {
        if let picture {
            StillView(picture: picture)
                .aspectRatio(CGFloat(picture.width) / CGFloat(picture.height), contentMode: .fit)
                .overlay { MarksView(marks: marks, isMirrored: false) }
        } else {
            ProgressView()
        }
    }
}

/// A grey picture on the screen.
struct StillView: View {
    let picture: Picture

    var body: some View {
        if let image = makeImage(picture) {
            Image(decorative: image, scale: 1).resizable()
        }
    }
}
