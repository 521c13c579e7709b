@_exported import AppleFoundation

public enum AccessibilityNotification {  // iOS 17.0 · AccessibilityNotification
    public struct Announcement {  // iOS 17.0 · AccessibilityNotification.Announcement
        public init(_ announcement: String) {}  // iOS 17.0 · init(_:)
        public func post() {}  // iOS 17.0 · post()
    }
}
