import Foundation
import Testing

@testable import DigitCore

private let rounding = 1e-6  // the vectors have six digits after the point

@Suite("Labels that hold still")
struct SteadyTests {
    private let one = Box(x0: 100, y0: 50, x1: 120, y1: 80)

    /// What is told of one mark that is seen in every frame of 15 a second.
    private func follow(_ frames: [[Double]], labels: Int = 2) -> [[SteadyMark]] {
        var steady = SteadyLabels(labels: labels)
        return frames.enumerated().map { number, probabilities in
            steady.update(time: Double(number) / 15, marks: [Seen(box: one, probabilities: probabilities)])
        }
    }

    @Test("a clear digit is told within half a second and does not flicker")
    func clearDigit() {
        let shown = follow([[Double]](repeating: [0.95, 0.03, 0.02], count: 45))
        let first = shown.firstIndex { $0.first?.state == .committed }
        #expect((first ?? 45) <= 7)
        #expect(shown.flatMap { $0 }.filter(\.justCommitted).count == 1)
        #expect(shown.suffix(30).allSatisfy { $0.first?.label == 0 && $0.first?.state == .committed })
    }

    @Test("a digit that could be two things is shown as doubt with both")
    func doubt() {
        let shown = follow([[Double]](repeating: [0.5, 0.45, 0.05], count: 45))
        #expect(shown.last?.first?.state == .unsure)
        #expect(shown.last?.first?.label == 0)
        #expect(shown.last?.first?.runnerUp == 1)
        #expect(shown.flatMap { $0 }.allSatisfy { !$0.justCommitted })
    }

    @Test("nothing is shown for ten seconds of nothing, nor for a single flash")
    func nothing() {
        var steady = SteadyLabels(labels: 2)
        for number in 0..<150 {
            let marks = number == 70 ? [Seen(box: one, probabilities: [0.9, 0.05, 0.05])] : []
            let shown = steady.update(time: Double(number) / 15, marks: marks)
            #expect(shown.allSatisfy { $0.state == .searching && $0.label == nil })
        }
    }

    private struct Trace: Decodable {
        struct Frame: Decodable {
            struct Mark: Decodable {
                let box: [Int]
                let probabilities: [Double]

                var seen: Seen {
                    Seen(box: Box(x0: box[0], y0: box[1], x1: box[2], y1: box[3]), probabilities: probabilities)
                }
            }
            struct Shown: Decodable {
                let id: Int
                let box: [Double]
                let state: String
                let label: Int?
                let confidence: Double
                let runnerUp: Int?
                let justCommitted: Bool
            }
            let time: Double
            let marks: [Mark]
            let shown: [Shown]
        }
        let labels: Int
        let frames: [Frame]
    }

    @Test("videos tell the same as in Python, to six digits after the point")
    func videos() throws {
        let videos: [Trace] = try golden("steady")
        try #require(videos.count >= 10)
        for video in videos {
            var steady = SteadyLabels(labels: video.labels)
            for frame in video.frames {
                let shown = steady.update(time: frame.time, marks: frame.marks.map(\.seen))
                try #require(shown.map(\.id) == frame.shown.map(\.id))
                for (mark, expected) in zip(shown, frame.shown) {
                    #expect(mark.state.rawValue == expected.state)
                    #expect(mark.label == expected.label)
                    #expect(mark.runnerUp == expected.runnerUp)
                    #expect(mark.justCommitted == expected.justCommitted)
                    #expect(abs(mark.confidence - expected.confidence) < rounding)
                    #expect(mark.box.count == 4)
                    #expect(zip(mark.box, expected.box).allSatisfy { abs($0 - $1) < rounding })
                }
            }
        }
    }

    @Test("the same frames tell the same, to the last bit", .enabled(if: hasGolden("traces")))
    func traces() throws {
        let traces: [Trace] = try golden("traces")
        try #require(traces.count >= 20)
        for trace in traces {
            var steady = SteadyLabels(labels: trace.labels)
            for frame in trace.frames {
                let expected = frame.shown.map { mark in
                    SteadyMark(
                        id: mark.id, box: mark.box, state: MarkState(rawValue: mark.state) ?? .searching,
                        label: mark.label, confidence: mark.confidence, runnerUp: mark.runnerUp,
                        justCommitted: mark.justCommitted)
                }
                #expect(steady.update(time: frame.time, marks: frame.marks.map(\.seen)) == expected)
            }
        }
    }
}
