import DigitCore
import SwiftUI

private let pen = 0.02  // of the longer side

/// Paper to write on with a finger or a pencil. It is read when the finger lifts.
struct DrawingScreen: View {
    let model: ReaderModel
    @State private var strokes: [[CGPoint]] = []
    @State private var isDown = false
    @State private var size = CGSize.zero

    var body: some View {
        GeometryReader { geometry in
            Canvas { context, size in
                for stroke in strokes {
                    context.stroke(
                        path(stroke), with: .color(.black),
                        style: StrokeStyle(
                            lineWidth: pen * max(size.width, size.height), lineCap: .round, lineJoin: .round))
                }
            }
            .background(.white)
            .overlay { MarksView(marks: model.reading.marks, isMirrored: false) }
            .gesture(drawing(in: geometry.size))
            .accessibilityLabel(Text("Drawing"))
            .accessibilityHint(Text("Write digits with a finger."))
        }
        .overlay(alignment: .bottom) {
            HStack {
                Button("Undo", systemImage: "arrow.uturn.backward") {
                    strokes.removeLast()
                    read()
                }
                Button("Clear", systemImage: "trash") {
                    strokes.removeAll()
                    read()
                }
            }
            .labelStyle(.iconOnly)
            .buttonStyle(.borderedProminent)
            .controlSize(.large)
            .disabled(strokes.isEmpty)
            .padding()
        }
    }

    private func drawing(in space: CGSize) -> some Gesture {
        DragGesture(minimumDistance: 0)
            .onChanged { value in
                if isDown {
                    strokes[strokes.count - 1].append(value.location)
                } else {
                    strokes.append([value.location])
                    isDown = true
                }
            }
            .onEnded { _ in
                isDown = false
                size = space
                read()
            }
    }

    private func read() {
        if strokes.isEmpty {
            model.clear()
            return
        }
        let strokes = strokes
        let size = size
        Task { await model.read { try drawPage(strokes, size: size) } }
    }

    private func path(_ stroke: [CGPoint]) -> Path {
        Path { path in
            path.addLines(stroke.count == 1 ? stroke + stroke : stroke)
        }
    }
}

/// The page that strokes make: black ink on white paper, one pixel for a point.
private func drawPage(_ strokes: [[CGPoint]], size: CGSize) throws -> Picture {
    let width = max(1, Int(size.width))
    let height = max(1, Int(size.height))
    return try drawGrey(width: width, height: height) { context in
        context.translateBy(x: 0, y: CGFloat(height))  // pages count down from the top, contexts up from the bottom
        context.scaleBy(x: 1, y: -1)
        context.setStrokeColor(gray: 0, alpha: 1)
        context.setLineWidth(pen * max(size.width, size.height))
        context.setLineCap(.round)
        context.setLineJoin(.round)
        for stroke in strokes {
            context.addLines(between: stroke.count == 1 ? stroke + stroke : stroke)
            context.strokePath()
        }
    }
}
