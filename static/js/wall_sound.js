// Two soft tones for an alert. Off until somebody asks for them: a browser lets no page sound that nobody touched.

const KEY = "wall-sound";
const TONES = { critical: [[880, 0], [1174.7, 0.22], [880, 0.44]], warning: [[659.3, 0], [880, 0.22]], notice: [[659.3, 0]] };
const LOUDNESS = 0.09;
const LENGTH_S = 0.5;
const LEAST_PAUSE_MS = 4000;
let context = null;
let soundedAt = 0;

export const isOn = () => localStorage.getItem(KEY) === "on";

/** Switch the sound; return whether it is on now. */
export function toggleSound() {
  localStorage.setItem(KEY, isOn() ? "off" : "on");
  if (isOn()) sound("notice");
  return isOn();
}

/** Sound the tones of a level, at most once in a few seconds. */
export function sound(level) {
  if (!isOn() || Date.now() - soundedAt < LEAST_PAUSE_MS) return;
  soundedAt = Date.now();
  context ??= new AudioContext();
  context.resume().catch(() => {});
  for (const [pitch, after] of TONES[level] ?? []) tone(pitch, context.currentTime + after);
}

function tone(pitch, at) {
  const voice = context.createOscillator();
  const volume = context.createGain();
  voice.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
  volume.gain.exponentialRampToValueAtTime(0.0005, at + LENGTH_S);
  voice.connect(volume).connect(context.destination);
  voice.start(at);
  voice.stop(at + LENGTH_S);
}
