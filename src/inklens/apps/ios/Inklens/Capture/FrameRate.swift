@preconcurrency import AVFoundation
import Foundation

private let usual = 15.0  // frames a second; more are read no better, and warm the phone
private let saving = 8.0

/// How many frames a second are asked of the camera: fewer where the phone is warm or saves power.
func framesPerSecond(pressure: AVCaptureDevice.SystemPressureState.Level, isLowPower: Bool) -> Double {
    isLowPower || pressure == .serious || pressure == .critical || pressure == .shutdown ? saving : usual
}

/// The zoom at which paper as wide as a hand fills the frame from where the lens can focus; 1 where it can anyway.
///
/// focus: the nearest distance in focus in mm, -1 if unknown. view: the width of what the camera sees, in degrees.
func closeUpZoom(focus: Int, view: Double) -> Double {
    guard focus > 0, view > 0 else { return 1 }
    let seen = 2 * Double(focus) * tan(view / 360 * .pi)
    return max(1, seen / paperWidth)
}

private let paperWidth = 120.0  // mm
