import Accessibility
import Foundation

/// Says for VoiceOver what was read: at most once a second, and only what changed.
@MainActor
final class Announcer {
    private var last = ""
    private var isWaiting = false
    private var next: String?

    func say(_ text: String) {
        guard text != last, !text.isEmpty else { return }
        if isWaiting {
            next = text
            return
        }
        last = text
        AccessibilityNotification.Announcement(text).post()
        isWaiting = true
        Task { [weak self] in
            try? await Task.sleep(for: .seconds(1))  // only fails where the task is cancelled
            self?.isWaiting = false
            if let text = self?.next {
                self?.next = nil
                self?.say(text)
            }
        }
    }
}
