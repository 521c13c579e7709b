@_exported import AppleFoundation
import SwiftUI

public protocol Transferable {}  // iOS 16.0 · Transferable
extension Data: Transferable {}
public struct PHPickerFilter: Equatable, Hashable, Sendable {  // iOS 14.0 · PHPickerFilter
    public static let images = PHPickerFilter()  // iOS 14.0 · images
}
public struct PhotosPickerItem: Equatable, Hashable, Sendable {  // iOS 16.0 · PhotosPickerItem
    public func loadTransferable<T: Transferable>(type: T.Type) async throws -> T? { nil }  // iOS 16.0 · loadTransferable(type:)
}
@MainActor @preconcurrency
public struct PhotosPicker<Label: View>: View {  // iOS 16.0 · PhotosPicker
    public init(selection: Binding<PhotosPickerItem?>, matching filter: PHPickerFilter? = nil, @ViewBuilder label: @Sendable () -> Label) {}  // iOS 16.0 · init(selection:matching:preferredItemEncoding:label:)
    public var body: Never { fatalError() }  // iOS 16.0 · body
}
