// Which renderer this browser is fit for.

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Return "gl" where a graphics card draws, else "canvas"; `?renderer=` decides otherwise. */
export function chosenRenderer(search = location.search) {
  const wanted = new URLSearchParams(search).get("renderer");
  const device = graphicsDevice();
  if (wanted === "canvas" || device === null) return "canvas";
  if (wanted === "gl") return "gl";
  return SOFTWARE.test(device) ? "canvas" : "gl";
}

/** Return the name of what draws WebGL 2, or null where nothing does. */
function graphicsDevice() {
  try {
    const context = document.createElement("canvas").getContext("webgl2");
    if (!context) return null;
    const names = context.getExtension("WEBGL_debug_renderer_info");
    const device = String(context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER));
    context.getExtension("WEBGL_lose_context")?.loseContext();
    return device;
  } catch {
    return null;
  }
}
