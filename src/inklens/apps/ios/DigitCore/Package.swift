// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "DigitCore",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "DigitCore", targets: ["DigitCore"])],
    targets: [
        .target(name: "DigitCore"),
        .testTarget(name: "DigitCoreTests", dependencies: ["DigitCore"]),
    ]
)
