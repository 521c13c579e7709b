import SwiftUI

/// A box over every mark with its digit; what is in doubt is dashed, with the next likeliest label.
struct MarksView: View {
    let marks: [ShownMark]
    let isMirrored: Bool
    @Environment(\.accessibilityReduceMotion) private var reduceMotion

    var body: some View {
        GeometryReader { geometry in
            ForEach(marks) { mark in
                MarkView(mark: mark)
                    .frame(width: geometry.size.width * mark.width, height: geometry.size.height * mark.height)
                    .position(
                        x: geometry.size.width * middle(mark), y: geometry.size.height * (mark.y + mark.height / 2))
            }
            .animation(reduceMotion ? nil : .linear(duration: 0.1), value: marks)
        }
        .accessibilityHidden(true)  // the reading below says it line by line
    }

    private func middle(_ mark: ShownMark) -> Double {
        let x = mark.x + mark.width / 2
        return isMirrored ? 1 - x : x
    }
}

/// One mark's box, and its label above it.
private struct MarkView: View {
    let mark: ShownMark

    var body: some View {
        RoundedRectangle(cornerRadius: 4)
            .strokeBorder(colour, style: StrokeStyle(lineWidth: 2, dash: mark.isSure ? [] : [6, 4]))
            .overlay(alignment: .topLeading) {
                Text(verbatim: words)
                    .font(.title2.bold())
                    .foregroundStyle(.white)
                    .padding(.horizontal, 4)
                    .background(colour)
                    .fixedSize()
                    .alignmentGuide(.top) { size in size[.bottom] }
            }
    }

    private var colour: Color { mark.isSure ? .blue : .orange }

    private var words: String {
        if mark.isSure { return mark.label }
        return "\(mark.label)\(ShownReading.doubt)" + (mark.runnerUp.map { " \($0)" } ?? "")
    }
}
