// Reads a code with the camera where the browser can, and shows the answer where it is looked for.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const scan = document.getElementById("scan");
  const place = document.getElementById("camera");
  const party = document.getElementById("party");
  if (!scan) return;
  scan.hidden = !("BarcodeDetector" in window && navigator.mediaDevices);

  const video = place.querySelector("video");
  let stream = null;

  function stop() {
    for (const track of stream ? stream.getTracks() : []) track.stop();
    stream = null;
    place.hidden = true;
  }

  async function look(detector) {
    if (!stream) return;
    const [found] = await detector.detect(video).catch(() => []);
    if (found) {
      party.value = found.rawValue.slice(0, 200);
      stop();
      party.focus();
      return;
    }
    setTimeout(() => look(detector), 150);
  }

  scan.addEventListener("click", async () => {
    const problem = document.getElementById("camera-problem");
    problem.hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      problem.hidden = false;
      return;
    }
    place.hidden = false;
    video.srcObject = stream;
    await video.play();
    look(new BarcodeDetector({ formats: ["qr_code", "code_128"] }));
  });
  document.getElementById("stop").addEventListener("click", stop);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "answer") return;
  event.detail.target.focus({ preventScroll: true });
  event.detail.target.scrollIntoView({ block: "start", behavior: "smooth" });
});
