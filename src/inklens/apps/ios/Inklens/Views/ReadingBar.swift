import SwiftUI
import UIKit

/// What the page says, line by line, with a button that copies it.
struct ReadingBar: View {
    let reading: ShownReading
    let isReading: Bool

    var body: some View {
        HStack {
            ScrollView {
                Text(verbatim: reading.text.isEmpty ? nothing : reading.text)
                    .font(reading.text.isEmpty ? .body : .title.monospacedDigit())
                    .foregroundStyle(reading.text.isEmpty ? .secondary : .primary)
                    .frame(maxWidth: .infinity, alignment: .leading)
                    .textSelection(.enabled)
            }
            .frame(maxHeight: 120)
            .accessibilityElement(children: .ignore)
            .accessibilityLabel(Text("Reading"))
            .accessibilityValue(Text(verbatim: spoken))
            .accessibilityAddTraits(.updatesFrequently)
            .accessibilityIdentifier("reading")
            Button("Copy", systemImage: "doc.on.doc") { UIPasteboard.general.string = reading.text }
                .labelStyle(.iconOnly)
                .buttonStyle(.bordered)
                .disabled(reading.text.isEmpty)
        }
        .padding(.horizontal)
        .padding(.top)
    }

    private var nothing: String { isReading ? String(localized: "No digits found") : "" }

    /// Digit by digit: as one number nobody could follow it with the finger.
    private var spoken: String {
        reading.text.isEmpty ? nothing : reading.text.map(String.init).joined(separator: " ")
    }
}
