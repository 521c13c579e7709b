import Foundation

/// What can go wrong, in words for the screen.
enum AppError: Error, Equatable {
    case modelMissing(String)
    case modelUnusable(String, String)
    case pictureUnreadable
    case cameraUnusable(String)

    var title: String {
        switch self {
        case .modelMissing: String(localized: "No model")
        case .modelUnusable: String(localized: "The model cannot be used")
        case .pictureUnreadable: String(localized: "The picture cannot be read")
        case .cameraUnusable: String(localized: "The camera cannot be used")
        }
    }

    var advice: String {
        switch self {
        case .modelMissing(let name):
            String(localized: "\(name) is not in this app. Make the project with “inklens app”, which adds the models.")
        case .modelUnusable(let name, let reason):
            String(localized: "\(name): \(reason)")
        case .pictureUnreadable:
            String(localized: "Choose another picture.")
        case .cameraUnusable(let reason):
            reason
        }
    }
}
