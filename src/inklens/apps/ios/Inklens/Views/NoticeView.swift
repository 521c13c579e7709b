import SwiftUI

/// Words where there is nothing else to show, and what can be done.
struct NoticeView<Actions: View>: View {
    let title: String
    let advice: String
    let symbol: String
    @ViewBuilder let actions: Actions

    var body: some View {
        ContentUnavailableView {
            Label(title, systemImage: symbol)
        } description: {
            Text(verbatim: advice)
        } actions: {
            actions.buttonStyle(.borderedProminent)
        }
    }
}

/// What the models say of themselves.
struct ModelsView: View {
    let models: [ModelFacts]
    @Environment(\.dismiss) private var dismiss

    var body: some View {
        NavigationStack {
            List(models) { model in
                Section(model.id) {
                    Text(verbatim: model.description)
                    if !model.author.isEmpty { LabeledContent("Author", value: model.author) }
                    if !model.licence.isEmpty { LabeledContent("Licence", value: model.licence) }
                    if !model.version.isEmpty { LabeledContent("Version", value: model.version) }
                }
            }
            .navigationTitle("About the model")
            .toolbar {
                ToolbarItem(placement: .confirmationAction) {
                    Button("Done") { dismiss() }
                }
            }
        }
    }
}
