/**
 * The camera: asked for on a button press, seen by the newest frame only, stopped when nobody looks.
 * @module
 */

/** @typedef {import("./words.js").Word} Word */

const WANTED = { width: { ideal: 640 }, height: { ideal: 480 } };

/** What to say for what `getUserMedia` throws. @type {Record<string, Word>} */
const REASONS = {
  NotAllowedError: "cameraDenied",
  SecurityError: "cameraDenied",
  NotFoundError: "cameraMissing",
  OverconstrainedError: "cameraMissing",
  NotReadableError: "cameraBusy",
  AbortError: "cameraBusy",
};

/** Why the camera does not run, as one of the page's words. */
export class CameraError extends Error {
  /**
   * @param {Word} word
   * @param {string} detail
   */
  constructor(word, detail = "") {
    super(detail || word);
    this.word = word;
  }
}

/** A camera that shows itself in a video element. */
export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {(frame: HTMLVideoElement, time: number) => void} onFrame called for each new frame, with seconds
   * @param {() => void} onLost called when the camera goes away by itself
   */
  constructor(video, onFrame, onLost) {
    this.video = video;
    this.onFrame = onFrame;
    this.onLost = onLost;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.attempts = 0;
  }

  /**
   * Start the camera, or another one. Throws CameraError.
   * @param {string} device its id; the one that faces away from the user if empty
   */
  async start(device = "") {
    this.stop();
    const attempt = ++this.attempts;
    if (!navigator.mediaDevices) throw new CameraError(isSecureContext ? "cameraMissing" : "cameraInsecure");
    const which = device ? { deviceId: { exact: device } } : { facingMode: { ideal: "environment" } };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...which }, audio: false });
    } catch (error) {
      const { name, message } = /** @type {DOMException} */ (error);
      throw new CameraError(REASONS[name] ?? "cameraProblem", message);
    }
    if (attempt !== this.attempts) {
      for (const track of stream.getTracks()) track.stop(); // somebody stopped or chose another meanwhile
      return;
    }
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => {
      if (this.stream !== stream) return;
      this.stop();
      this.onLost();
    });
    this.video.srcObject = stream;
    await this.video.play().catch(() => {}); // a newer start has interrupted this one
    this.next(stream);
  }

  /** @param {MediaStream} stream */
  next(stream) {
    const show = () => {
      if (this.stream !== stream) return;
      if (this.video.videoWidth > 0) this.onFrame(this.video, performance.now() / 1000);
      this.next(stream);
    };
    if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(show);
    else requestAnimationFrame(show);
  }

  /** Let the camera go. */
  stop() {
    this.attempts += 1;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /** Whether the picture is the user's own and is shown as in a mirror. */
  get isFront() {
    return this.stream?.getVideoTracks()[0]?.getSettings().facingMode === "user";
  }

  /** The cameras to choose from, with the one in use. */
  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    const current = this.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
    return { current, cameras: all.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId) };
  }
}
