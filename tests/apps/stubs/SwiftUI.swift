@_exported import UIKit
import Observation

extension Never: View {
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
@MainActor @preconcurrency public protocol View {  // iOS 13.0 · View
    associatedtype Body: View  // iOS 13.0 · Body
    @ViewBuilder @MainActor @preconcurrency var body: Body { get }  // iOS 13.0 · body
}
@resultBuilder public struct ViewBuilder {  // iOS 13.0 · ViewBuilder
    public static func buildBlock() -> EmptyView { EmptyView() }  // iOS 13.0 · buildBlock()
    public static func buildBlock<Content: View>(_ content: Content) -> Content { content }  // iOS 13.0 · buildBlock(_:)
    public static func buildBlock<each Content: View>(_ content: repeat each Content) -> TupleView<(repeat each Content)> { TupleView() }  // iOS 13.0 · buildBlock(_:)
    public static func buildExpression<Content: View>(_ content: Content) -> Content { content }  // iOS 13.0 · buildExpression(_:)
    public static func buildIf<Content: View>(_ content: Content?) -> Content? { content }  // iOS 13.0 · buildIf(_:)
    public static func buildEither<One: View, Two: View>(first: One) -> _ConditionalContent<One, Two> { _ConditionalContent() }  // iOS 13.0 · buildEither(first:)
    public static func buildEither<One: View, Two: View>(second: Two) -> _ConditionalContent<One, Two> { _ConditionalContent() }  // iOS 13.0 · buildEither(second:)
}
public struct TupleView<T>: View {  // iOS 13.0 · TupleView
    nonisolated init() {}
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct _ConditionalContent<One, Two>: View {  // iOS 13.0 · _ConditionalContent
    nonisolated init() {}
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
extension Optional: View where Wrapped: View {
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct EmptyView: View {  // iOS 13.0 · EmptyView
    nonisolated public init() {}  // iOS 13.0 · init()
    public var body: Never { fatalError() }  // iOS 13.0 · body
}

@MainActor @preconcurrency public protocol App {  // iOS 14.0 · App
    associatedtype Body: Scene  // iOS 14.0 · Body
    @SceneBuilder @MainActor @preconcurrency var body: Body { get }  // iOS 14.0 · body
    @MainActor @preconcurrency init()  // iOS 14.0 · init()
}
extension App {
    @MainActor public static func main() {}  // iOS 14.0 · main()
}
@MainActor @preconcurrency public protocol Scene {  // iOS 14.0 · Scene
    associatedtype Body: Scene  // iOS 14.0 · Body
    @SceneBuilder @MainActor @preconcurrency var body: Body { get }  // iOS 14.0 · body
}
extension Never: Scene {}
@resultBuilder public struct SceneBuilder {  // iOS 14.0 · SceneBuilder
    public static func buildBlock<Content: Scene>(_ content: Content) -> Content { content }  // iOS 14.0 · buildBlock(_:)
}
public struct WindowGroup<Content: View>: Scene {  // iOS 14.0 · WindowGroup
    nonisolated public init(@ViewBuilder content: () -> Content) {}  // iOS 14.0 · init(content:)
    public var body: Never { fatalError() }  // iOS 14.0 · body
}

public protocol DynamicProperty {}  // iOS 13.0 · DynamicProperty
@propertyWrapper public struct State<Value>: DynamicProperty {  // iOS 13.0 · State
    public init(wrappedValue value: Value) { wrappedValue = value }  // iOS 13.0 · init(wrappedValue:)
    public var wrappedValue: Value {  // iOS 13.0 · wrappedValue
        get { fatalError() }
        nonmutating set {}
    }
    public var projectedValue: Binding<Value> { fatalError() }  // iOS 13.0 · projectedValue
}
extension State where Value: ExpressibleByNilLiteral {
    public init() { self.init(wrappedValue: nil) }  // iOS 13.0 · init()
}
@propertyWrapper @dynamicMemberLookup public struct Binding<Value> {  // iOS 13.0 · Binding
    public init(get: @escaping () -> Value, set: @escaping (Value) -> Void) {}  // iOS 13.0 · init(get:set:)
    public var wrappedValue: Value {  // iOS 13.0 · wrappedValue
        get { fatalError() }
        nonmutating set {}
    }
    public var projectedValue: Binding<Value> { self }  // iOS 13.0 · projectedValue
    public subscript<Subject>(dynamicMember keyPath: WritableKeyPath<Value, Subject>) -> Binding<Subject> { fatalError() }  // iOS 13.0 · subscript(dynamicMember:)
}
@propertyWrapper @dynamicMemberLookup public struct Bindable<Value> {  // iOS 17.0 · Bindable
    public var wrappedValue: Value  // iOS 17.0 · wrappedValue
    public init(wrappedValue: Value) where Value: Observable & AnyObject { self.wrappedValue = wrappedValue }  // iOS 17.0 · init(wrappedValue:)
    public var projectedValue: Bindable<Value> { self }  // iOS 17.0 · projectedValue
}
extension Bindable where Value: AnyObject {
    public subscript<Subject>(dynamicMember keyPath: ReferenceWritableKeyPath<Value, Subject>) -> Binding<Subject> { fatalError() }  // iOS 17.0 · subscript(dynamicMember:)
}
@propertyWrapper public struct Environment<Value>: DynamicProperty {  // iOS 13.0 · Environment
    public init(_ keyPath: KeyPath<EnvironmentValues, Value>) {}  // iOS 13.0 · init(_:)
    public var wrappedValue: Value { fatalError() }  // iOS 13.0 · wrappedValue
}
public struct EnvironmentValues {  // iOS 13.0 · EnvironmentValues
    public var scenePhase: ScenePhase { .active }  // iOS 14.0 · scenePhase
    public var openURL: OpenURLAction { OpenURLAction() }  // iOS 14.0 · openURL
    public var dismiss: DismissAction { DismissAction() }  // iOS 15.0 · dismiss
    public var accessibilityReduceMotion: Bool { false }  // iOS 13.0 · accessibilityReduceMotion
}
public enum ScenePhase: Comparable, Sendable {  // iOS 14.0 · ScenePhase
    case background, inactive, active  // iOS 14.0 · ScenePhase
}
@MainActor @preconcurrency public struct OpenURLAction {  // iOS 14.0 · OpenURLAction
    nonisolated init() {}
    public func callAsFunction(_ url: URL) {}  // iOS 14.0 · callAsFunction(_:)
}
@MainActor @preconcurrency public struct DismissAction {  // iOS 15.0 · DismissAction
    nonisolated init() {}
    public func callAsFunction() {}  // iOS 15.0 · callAsFunction()
}

public struct LocalizedStringKey: Equatable, ExpressibleByStringInterpolation {  // iOS 13.0 · LocalizedStringKey
    public init(stringLiteral value: String) {}  // iOS 13.0 · init(stringLiteral:)
}
public struct Text: View, Equatable {  // iOS 13.0 · Text
    nonisolated public init(verbatim content: String) {}  // iOS 13.0 · init(verbatim:)
    nonisolated public init(_ key: LocalizedStringKey, tableName: String? = nil, bundle: Bundle? = nil, comment: StaticString? = nil) {}  // iOS 13.0 · init(_:tableName:bundle:comment:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct Image: View {  // iOS 13.0 · Image
    nonisolated public init(decorative cgImage: CGImage, scale: CGFloat) {}  // iOS 13.0 · init(decorative:scale:orientation:)
    nonisolated public func resizable() -> Image { self }  // iOS 13.0 · resizable(capInsets:resizingMode:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct Label<Title: View, Icon: View>: View {  // iOS 14.0 · Label
    public var body: Never { fatalError() }  // iOS 14.0 · body
}
extension Label where Title == Text, Icon == Image {
    nonisolated public init(_ titleKey: LocalizedStringKey, systemImage name: String) {}  // iOS 14.0 · init(_:systemImage:)
    @_disfavoredOverload nonisolated public init<S: StringProtocol>(_ title: S, systemImage name: String) {}  // iOS 14.0 · init(_:systemImage:)
}
public struct Button<Content: View>: View {  // iOS 13.0 · Button
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
extension Button where Content == Text {
    nonisolated public init(_ titleKey: LocalizedStringKey, action: @escaping @MainActor () -> Void) {}  // iOS 13.0 · init(_:action:)
}
extension Button where Content == Label<Text, Image> {
    nonisolated public init(_ titleKey: LocalizedStringKey, systemImage: String, action: @escaping @MainActor () -> Void) {}  // iOS 14.0 · init(_:systemImage:action:)
    @_disfavoredOverload nonisolated public init<S: StringProtocol>(_ title: S, systemImage: String, action: @escaping @MainActor () -> Void) {}  // iOS 14.0 · init(_:systemImage:action:)
}
public struct ProgressView<Content: View>: View {  // iOS 14.0 · ProgressView
    public var body: Never { fatalError() }  // iOS 14.0 · body
}
extension ProgressView where Content == EmptyView {
    nonisolated public init() {}  // iOS 14.0 · init()
}
extension ProgressView where Content == Text {
    nonisolated public init(_ titleKey: LocalizedStringKey) {}  // iOS 14.0 · init(_:)
}
public struct Spacer: View {  // iOS 13.0 · Spacer
    nonisolated public init() {}  // iOS 13.0 · init(minLength:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct VStack<Content: View>: View {  // iOS 13.0 · VStack
    nonisolated public init(spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {}  // iOS 13.0 · init(alignment:spacing:content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct HStack<Content: View>: View {  // iOS 13.0 · HStack
    nonisolated public init(spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {}  // iOS 13.0 · init(alignment:spacing:content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct ZStack<Content: View>: View {  // iOS 13.0 · ZStack
    nonisolated public init(@ViewBuilder content: () -> Content) {}  // iOS 13.0 · init(alignment:content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct ScrollView<Content: View>: View {  // iOS 13.0 · ScrollView
    nonisolated public init(@ViewBuilder content: () -> Content) {}  // iOS 13.0 · init(_:showsIndicators:content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct GeometryReader<Content: View>: View {  // iOS 13.0 · GeometryReader
    nonisolated public init(@ViewBuilder content: @escaping (GeometryProxy) -> Content) {}  // iOS 13.0 · init(content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct GeometryProxy {  // iOS 13.0 · GeometryProxy
    public var size: CGSize { .zero }  // iOS 13.0 · size
}
public struct ForEach<Data: RandomAccessCollection, ID: Hashable, Content: View>: View {  // iOS 13.0 · ForEach
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
extension ForEach where Data.Element: Identifiable, ID == Data.Element.ID {
    nonisolated public init(_ data: Data, @ViewBuilder content: @escaping (Data.Element) -> Content) {}  // iOS 13.0 · init(_:content:)
}
public struct List<Content: View>: View {  // iOS 13.0 · List
    nonisolated public init<Data: RandomAccessCollection, RowContent: View>(_ data: Data, @ViewBuilder rowContent: @escaping (Data.Element) -> RowContent)  // iOS 13.0 · init(_:rowContent:)
    where Content == ForEach<Data, Data.Element.ID, RowContent>, Data.Element: Identifiable {}
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct Section<Content: View>: View {  // iOS 13.0 · Section
    @_disfavoredOverload nonisolated public init<S: StringProtocol>(_ title: S, @ViewBuilder content: () -> Content) {}  // iOS 15.0 · init(_:content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct LabeledContent<Content: View>: View {  // iOS 16.0 · LabeledContent
    public var body: Never { fatalError() }  // iOS 16.0 · body
}
extension LabeledContent where Content == Text {
    nonisolated public init<S: StringProtocol>(_ titleKey: LocalizedStringKey, value: S) {}  // iOS 16.0 · init(_:value:)
}
public struct NavigationStack<Root: View>: View {  // iOS 16.0 · NavigationStack
    nonisolated public init(@ViewBuilder root: () -> Root) {}  // iOS 16.0 · init(root:)
    public var body: Never { fatalError() }  // iOS 16.0 · body
}
public struct Picker<Selection: Hashable, Content: View>: View {  // iOS 13.0 · Picker
    nonisolated public init(_ titleKey: LocalizedStringKey, selection: Binding<Selection>, @ViewBuilder content: () -> Content) {}  // iOS 13.0 · init(_:selection:content:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct ContentUnavailableView<Title: View, Description: View, Actions: View>: View {  // iOS 17.0 · ContentUnavailableView
    nonisolated public init(@ViewBuilder label: () -> Title, @ViewBuilder description: () -> Description, @ViewBuilder actions: () -> Actions) {}  // iOS 17.0 · init(label:description:actions:)
    public var body: Never { fatalError() }  // iOS 17.0 · body
}
public protocol ToolbarContent {}  // iOS 14.0 · ToolbarContent
@resultBuilder public struct ToolbarContentBuilder {  // iOS 14.0 · ToolbarContentBuilder
    public static func buildBlock<Content: ToolbarContent>(_ content: Content) -> Content { content }  // iOS 14.0 · buildBlock(_:)
}
public struct ToolbarItemPlacement: Sendable {  // iOS 14.0 · ToolbarItemPlacement
    public static let confirmationAction = ToolbarItemPlacement()  // iOS 14.0 · confirmationAction
}
public struct ToolbarItem<Content: View>: ToolbarContent {  // iOS 14.0 · ToolbarItem
    nonisolated public init(placement: ToolbarItemPlacement, @ViewBuilder content: () -> Content) {}  // iOS 14.0 · init(placement:content:)
}

public protocol ShapeStyle: Sendable {}  // iOS 13.0 · ShapeStyle
public struct Color: ShapeStyle, View, Hashable {  // iOS 13.0 · Color
    public static let black = Color()  // iOS 13.0 · black
    public static let white = Color()  // iOS 13.0 · white
    public static let blue = Color()  // iOS 13.0 · blue
    public static let orange = Color()  // iOS 13.0 · orange
    nonisolated init() {}
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
extension ShapeStyle where Self == Color {
    public static var black: Color { Color() }  // iOS 13.0 · black
    public static var white: Color { Color() }  // iOS 13.0 · white
}
public struct Material: ShapeStyle {  // iOS 15.0 · Material
    init() {}
}
extension ShapeStyle where Self == Material {
    public static var regularMaterial: Material { Material() }  // iOS 15.0 · regularMaterial
}
public struct HierarchicalShapeStyle: ShapeStyle {  // iOS 15.0 · HierarchicalShapeStyle
    init() {}
}
extension ShapeStyle where Self == HierarchicalShapeStyle {
    public static var primary: HierarchicalShapeStyle { HierarchicalShapeStyle() }  // iOS 15.0 · primary
    public static var secondary: HierarchicalShapeStyle { HierarchicalShapeStyle() }  // iOS 15.0 · secondary
}
public struct StrokeStyle: Equatable, Sendable {  // iOS 13.0 · StrokeStyle
    public init(lineWidth: CGFloat = 1, lineCap: CGLineCap = .butt, lineJoin: CGLineJoin = .miter, miterLimit: CGFloat = 10, dash: [CGFloat] = [], dashPhase: CGFloat = 0) {}  // iOS 13.0 · init(lineWidth:lineCap:lineJoin:miterLimit:dash:dashPhase:)
}
public struct RoundedRectangle: View {  // iOS 13.0 · RoundedRectangle
    nonisolated public init(cornerRadius: CGFloat) {}  // iOS 13.0 · init(cornerRadius:style:)
    nonisolated public func strokeBorder<S: ShapeStyle>(_ content: S, style: StrokeStyle) -> some View { EmptyView() }  // iOS 13.0 · strokeBorder(_:style:antialiased:)
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct Path: Equatable, Sendable {  // iOS 13.0 · Path
    public init(_ callback: (inout Path) -> Void) {}  // iOS 13.0 · init(_:)
    public mutating func addLines(_ lines: [CGPoint]) {}  // iOS 13.0 · addLines(_:)
}
public struct GraphicsContext {  // iOS 15.0 · GraphicsContext
    public struct Shading: Sendable {  // iOS 15.0 · GraphicsContext.Shading
        public static func color(_ color: Color) -> Shading { Shading() }  // iOS 15.0 · color(_:)
    }
    public func stroke(_ path: Path, with shading: Shading, style: StrokeStyle) {}  // iOS 15.0 · stroke(_:with:style:)
}
public struct Canvas: View {  // iOS 15.0 · Canvas
    nonisolated public init(renderer: @escaping (inout GraphicsContext, CGSize) -> Void) {}  // iOS 15.0 · init(opaque:colorMode:rendersAsynchronously:renderer:)
    public var body: Never { fatalError() }  // iOS 15.0 · body
}
@MainActor @preconcurrency public protocol Gesture<Value> {  // iOS 13.0 · Gesture
    associatedtype Value  // iOS 13.0 · Value
}
extension Gesture {
    nonisolated public func onEnded(_ action: @escaping (Value) -> Void) -> _EndedGesture<Self> { _EndedGesture() }  // iOS 13.0 · onEnded(_:)
}
extension Gesture where Value: Equatable {
    nonisolated public func onChanged(_ action: @escaping (Value) -> Void) -> _ChangedGesture<Self> { _ChangedGesture() }  // iOS 13.0 · onChanged(_:)
}
public struct _EndedGesture<Content: Gesture>: Gesture {  // iOS 13.0 · _EndedGesture
    public typealias Value = Content.Value  // iOS 13.0 · Value
    nonisolated init() {}
}
public struct _ChangedGesture<Content: Gesture>: Gesture {  // iOS 13.0 · _ChangedGesture
    public typealias Value = Content.Value  // iOS 13.0 · Value
    nonisolated init() {}
}
public struct DragGesture: Gesture {  // iOS 13.0 · DragGesture
    public struct Value: Equatable, Sendable {  // iOS 13.0 · DragGesture.Value
        public var location: CGPoint { .zero }  // iOS 13.0 · location
    }
    nonisolated public init(minimumDistance: CGFloat = 10) {}  // iOS 13.0 · init(minimumDistance:coordinateSpace:)
}

public struct Alignment: Equatable, Sendable {  // iOS 13.0 · Alignment
    public static let center = Alignment()  // iOS 13.0 · center
    public static let leading = Alignment()  // iOS 13.0 · leading
    public static let top = Alignment()  // iOS 13.0 · top
    public static let bottom = Alignment()  // iOS 13.0 · bottom
    public static let topLeading = Alignment()  // iOS 13.0 · topLeading
    public static let topTrailing = Alignment()  // iOS 13.0 · topTrailing
}
public struct VerticalAlignment: Equatable, Sendable {  // iOS 13.0 · VerticalAlignment
    public static let top = VerticalAlignment()  // iOS 13.0 · top
    public static let bottom = VerticalAlignment()  // iOS 13.0 · bottom
}
public struct ViewDimensions {  // iOS 13.0 · ViewDimensions
    public subscript(guide: VerticalAlignment) -> CGFloat { 0 }  // iOS 13.0 · subscript(_:)
}
public enum ContentMode: Hashable, Sendable {  // iOS 13.0 · ContentMode
    case fit, fill  // iOS 13.0 · ContentMode
}
public struct Edge: Sendable {  // iOS 13.0 · Edge
    public struct Set: OptionSet, Sendable {  // iOS 13.0 · Edge.Set
        public let rawValue: Int8  // iOS 13.0 · rawValue
        public init(rawValue: Int8) { self.rawValue = rawValue }  // iOS 13.0 · init(rawValue:)
        public static let top = Set(rawValue: 1)  // iOS 13.0 · top
        public static let all = Set(rawValue: 15)  // iOS 13.0 · all
        public static let horizontal = Set(rawValue: 10)  // iOS 13.0 · horizontal
    }
}
public struct Font: Hashable, Sendable {  // iOS 13.0 · Font
    public static let title = Font()  // iOS 13.0 · title
    public static let title2 = Font()  // iOS 14.0 · title2
    public static let body = Font()  // iOS 13.0 · body
    public static let footnote = Font()  // iOS 13.0 · footnote
    public func bold() -> Font { self }  // iOS 13.0 · bold()
    public func monospacedDigit() -> Font { self }  // iOS 13.0 · monospacedDigit()
}
public struct Animation: Equatable, Sendable {  // iOS 13.0 · Animation
    public static func linear(duration: TimeInterval) -> Animation { Animation() }  // iOS 13.0 · linear(duration:)
}
public struct SensoryFeedback: Equatable, Sendable {  // iOS 17.0 · SensoryFeedback
    public static let selection = SensoryFeedback()  // iOS 17.0 · selection
}
public struct AccessibilityTraits: Sendable {  // iOS 13.0 · AccessibilityTraits
    public static let updatesFrequently = AccessibilityTraits()  // iOS 13.0 · updatesFrequently
}
public struct AccessibilityChildBehavior: Sendable {  // iOS 13.0 · AccessibilityChildBehavior
    public static let ignore = AccessibilityChildBehavior()  // iOS 13.0 · ignore
}
public protocol LabelStyle {}  // iOS 14.0 · LabelStyle
public struct IconOnlyLabelStyle: LabelStyle {}  // iOS 14.0 · IconOnlyLabelStyle
extension LabelStyle where Self == IconOnlyLabelStyle {
    public static var iconOnly: IconOnlyLabelStyle { IconOnlyLabelStyle() }  // iOS 14.0 · iconOnly
}
public protocol PrimitiveButtonStyle {}  // iOS 13.0 · PrimitiveButtonStyle
public struct BorderedButtonStyle: PrimitiveButtonStyle {}  // iOS 15.0 · BorderedButtonStyle
public struct BorderedProminentButtonStyle: PrimitiveButtonStyle {}  // iOS 15.0 · BorderedProminentButtonStyle
extension PrimitiveButtonStyle where Self == BorderedButtonStyle {
    public static var bordered: BorderedButtonStyle { BorderedButtonStyle() }  // iOS 15.0 · bordered
}
extension PrimitiveButtonStyle where Self == BorderedProminentButtonStyle {
    public static var borderedProminent: BorderedProminentButtonStyle { BorderedProminentButtonStyle() }  // iOS 15.0 · borderedProminent
}
public protocol PickerStyle {}  // iOS 13.0 · PickerStyle
public struct SegmentedPickerStyle: PickerStyle {}  // iOS 13.0 · SegmentedPickerStyle
extension PickerStyle where Self == SegmentedPickerStyle {
    public static var segmented: SegmentedPickerStyle { SegmentedPickerStyle() }  // iOS 13.0 · segmented
}
public enum ControlSize: CaseIterable, Sendable {  // iOS 15.0 · ControlSize
    case mini, small, regular, large  // iOS 15.0 · ControlSize
}
public protocol TextSelectability {}  // iOS 15.0 · TextSelectability
public struct EnabledTextSelectability: TextSelectability {}  // iOS 15.0 · EnabledTextSelectability
extension TextSelectability where Self == EnabledTextSelectability {
    public static var enabled: EnabledTextSelectability { EnabledTextSelectability() }  // iOS 15.0 · enabled
}

extension View {
    nonisolated public func frame(width: CGFloat? = nil, height: CGFloat? = nil, alignment: Alignment = .center) -> some View { self }  // iOS 13.0 · frame(width:height:alignment:)
    nonisolated public func frame(minWidth: CGFloat? = nil, idealWidth: CGFloat? = nil, maxWidth: CGFloat? = nil, minHeight: CGFloat? = nil, idealHeight: CGFloat? = nil, maxHeight: CGFloat? = nil, alignment: Alignment = .center) -> some View { self }  // iOS 13.0 · frame(minWidth:idealWidth:maxWidth:minHeight:idealHeight:maxHeight:alignment:)
    nonisolated public func position(x: CGFloat = 0, y: CGFloat = 0) -> some View { self }  // iOS 13.0 · position(x:y:)
    nonisolated public func padding(_ edges: Edge.Set = .all, _ length: CGFloat? = nil) -> some View { self }  // iOS 13.0 · padding(_:_:)
    nonisolated public func overlay<V: View>(alignment: Alignment = .center, @ViewBuilder content: () -> V) -> some View { self }  // iOS 15.0 · overlay(alignment:content:)
    nonisolated public func background<S: ShapeStyle>(_ style: S) -> some View { self }  // iOS 15.0 · background(_:ignoresSafeAreaEdges:)
    nonisolated public func foregroundStyle<S: ShapeStyle>(_ style: S) -> some View { self }  // iOS 15.0 · foregroundStyle(_:)
    nonisolated public func font(_ font: Font?) -> some View { self }  // iOS 13.0 · font(_:)
    nonisolated public func fixedSize() -> some View { self }  // iOS 13.0 · fixedSize()
    nonisolated public func clipped(antialiased: Bool = false) -> some View { self }  // iOS 13.0 · clipped(antialiased:)
    nonisolated public func alignmentGuide(_ guide: VerticalAlignment, computeValue: @escaping (ViewDimensions) -> CGFloat) -> some View { self }  // iOS 13.0 · alignmentGuide(_:computeValue:)
    nonisolated public func aspectRatio(_ aspectRatio: CGFloat? = nil, contentMode: ContentMode) -> some View { self }  // iOS 13.0 · aspectRatio(_:contentMode:)
    nonisolated public func scaleEffect(x: CGFloat = 1, y: CGFloat = 1) -> some View { self }  // iOS 13.0 · scaleEffect(x:y:anchor:)
    nonisolated public func animation<V: Equatable>(_ animation: Animation?, value: V) -> some View { self }  // iOS 13.0 · animation(_:value:)
    nonisolated public func onChange<V: Equatable>(of value: V, initial: Bool = false, _ action: @escaping (_ oldValue: V, _ newValue: V) -> Void) -> some View { self }  // iOS 17.0 · onChange(of:initial:_:)
    nonisolated public func task(priority: TaskPriority = .userInitiated, @_inheritActorContext _ action: @escaping @Sendable () async -> Void) -> some View { self }  // iOS 15.0 · task(priority:_:)
    nonisolated public func sensoryFeedback<T: Equatable>(_ feedback: SensoryFeedback, trigger: T) -> some View { self }  // iOS 17.0 · sensoryFeedback(_:trigger:)
    nonisolated public func sheet<Content: View>(isPresented: Binding<Bool>, onDismiss: (() -> Void)? = nil, @ViewBuilder content: @escaping () -> Content) -> some View { self }  // iOS 13.0 · sheet(isPresented:onDismiss:content:)
    nonisolated public func gesture<T: Gesture>(_ gesture: T) -> some View { self }  // iOS 13.0 · gesture(_:including:)
    nonisolated public func tag<V: Hashable>(_ tag: V) -> some View { self }  // iOS 13.0 · tag(_:)
    nonisolated public func disabled(_ disabled: Bool) -> some View { self }  // iOS 13.0 · disabled(_:)
    nonisolated public func labelStyle<S: LabelStyle>(_ style: S) -> some View { self }  // iOS 14.0 · labelStyle(_:)
    nonisolated public func buttonStyle<S: PrimitiveButtonStyle>(_ style: S) -> some View { self }  // iOS 13.0 · buttonStyle(_:)
    nonisolated public func pickerStyle<S: PickerStyle>(_ style: S) -> some View { self }  // iOS 13.0 · pickerStyle(_:)
    nonisolated public func controlSize(_ controlSize: ControlSize) -> some View { self }  // iOS 15.0 · controlSize(_:)
    nonisolated public func textSelection<S: TextSelectability>(_ selectability: S) -> some View { self }  // iOS 15.0 · textSelection(_:)
    nonisolated public func navigationTitle(_ titleKey: LocalizedStringKey) -> some View { self }  // iOS 14.0 · navigationTitle(_:)
    nonisolated public func toolbar<Content: ToolbarContent>(@ToolbarContentBuilder content: () -> Content) -> some View { self }  // iOS 14.0 · toolbar(content:)
    nonisolated public func accessibilityHidden(_ hidden: Bool) -> some View { self }  // iOS 14.0 · accessibilityHidden(_:)
    nonisolated public func accessibilityLabel(_ label: Text) -> some View { self }  // iOS 14.0 · accessibilityLabel(_:)
    nonisolated public func accessibilityHint(_ hint: Text) -> some View { self }  // iOS 14.0 · accessibilityHint(_:)
    nonisolated public func accessibilityValue(_ value: Text) -> some View { self }  // iOS 14.0 · accessibilityValue(_:)
    nonisolated public func accessibilityElement(children: AccessibilityChildBehavior = .ignore) -> some View { self }  // iOS 13.0 · accessibilityElement(children:)
    nonisolated public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View { self }  // iOS 14.0 · accessibilityAddTraits(_:)
    nonisolated public func accessibilityIdentifier(_ identifier: String) -> some View { self }  // iOS 14.0 · accessibilityIdentifier(_:)
    nonisolated public func onScrollGeometryChange(_ action: @escaping () -> Void) -> some View { self }  // iOS 18.0 · onScrollGeometryChange(for:of:action:)
}

@MainActor @preconcurrency public protocol UIViewRepresentable: View where Body == Never {  // iOS 13.0 · UIViewRepresentable
    associatedtype UIViewType: UIView  // iOS 13.0 · UIViewType
    func makeUIView(context: Context) -> UIViewType  // iOS 13.0 · makeUIView(context:)
    func updateUIView(_ uiView: UIViewType, context: Context)  // iOS 13.0 · updateUIView(_:context:)
    typealias Context = UIViewRepresentableContext<Self>  // iOS 13.0 · Context
}
extension UIViewRepresentable {
    public var body: Never { fatalError() }  // iOS 13.0 · body
}
public struct UIViewRepresentableContext<Representable> {}  // iOS 13.0 · UIViewRepresentableContext
