// Starts the command map: Leaflet made by the page, one renderer below it, our controls around it.

import { startBasemap } from "./basemap.js";
import { canvasRenderer } from "./canvas_renderer.js";
import { chosenRenderer } from "./capabilities.js";
import { config, layersById, words } from "./config.js";
import { caseSection } from "./dispatch.js";
import { startDrawing } from "./drawing.js";
import { byId } from "./elements.js";
import { showFigures } from "./figures.js";
import { glRenderer } from "./gl_renderer.js";
import { startLanguage } from "./language.js";
import { followServer } from "./live.js";
import { showLayerPanel } from "./layer_panel.js";
import { startOperatorTools } from "./operator_tools.js";
import { copyLink, say, startPageControls } from "./page_controls.js";
import { errors, noteError } from "./page_errors.js";
import { PlaceLabels } from "./place_labels.js";
import { startPointing } from "./pointing.js";
import { startSearch } from "./search.js";
import { startTimeControls } from "./time_controls.js";
import { ViewState } from "./view_state.js";

const { L } = window;
const LEAST_ZOOM = 8;
const DEEPEST_ZOOM = 19;
const STREET_ZOOM = 16;

const map = window[byId("jingwei-config").dataset.map];
const viewState = new ViewState();
const [west, south, east, north] = config.city.bounds;
const cityBounds = L.latLngBounds([south, west], [north, east]);

/** Leave room for the panels that lie over the map. */
function roomForPanels() {
  const wide = innerWidth > 900;
  const withLayers = wide && !document.body.classList.contains("layers-hidden");
  return { paddingTopLeft: [withLayers ? 316 : 0, wide ? 76 : 128], paddingBottomRight: [wide ? 12 : 0, 70] };
}

const goHome = () => map.fitBounds(cityBounds, roomForPanels());

function placeMap() {
  map.setMinZoom(LEAST_ZOOM).setMaxZoom(DEEPEST_ZOOM).setMaxBounds(cityBounds.pad(1));
  const { view } = viewState.current;
  if (view) map.setView([view.lat, view.lon], view.zoom, { animate: false });
  else map.fitBounds(cityBounds, { ...roomForPanels(), animate: false });
  L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
  const noteView = () => {
    const { lat, lng } = map.getCenter();
    viewState.note({ view: { zoom: map.getZoom(), lat, lon: lng } }, { tell: false });
  };
  noteView();
  map.on("moveend", noteView);
}

function goTo(place) {
  const bounds = place.bounds;
  if (bounds) map.fitBounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]], { ...roomForPanels(), maxZoom: STREET_ZOOM });
  else map.setView([place.lat, place.lon], STREET_ZOOM);
}

function onError(error) {
  noteError(error);
  byId("notice-words").textContent = words("tiles_failed");
  byId("notice").hidden = false;
}

function startRenderer() {
  const onBusy = (busy) => (byId("busy").hidden = !busy);
  if (chosenRenderer() === "gl") {
    try {
      return glRenderer(map, { onBusy, onError });
    } catch (error) {
      // The driver promised WebGL and broke the promise: the canvas draws the same.
      noteError(error);
    }
  }
  return canvasRenderer(map, { onBusy, onError });
}

function startLabels() {
  const labels = config.layers.filter((layer) => layer.paint.kind === "label" && layer.inlineUrl)
    .map((layer) => ({ id: layer.id, names: null, layer }));
  document.addEventListener("wordschange", () => {
    for (const each of labels) {
      each.layer = layersById.get(each.id);
      each.names?.setLayer(each.layer);
    }
  });
  return (state) => {
    for (const each of labels) {
      if (!state.layers.has(each.id)) {
        each.names?.remove();
        continue;
      }
      if (!each.names) {
        each.names = new PlaceLabels(each.layer);
        each.names.ready.catch(onError);
      }
      if (!map.hasLayer(each.names)) each.names.addTo(map);
      each.names.setOpacity(state.opacity.get(each.id) ?? 1);
    }
  };
}

placeMap();
const renderer = startRenderer();
const syncLabels = startLabels();
const basemap = startBasemap(map);
const synced = () => {
  const state = viewState.current;
  byId("empty").textContent = words("nothing_shown");
  byId("empty").hidden = state.layers.size > 0;
  syncLabels(state);
  basemap.sync(state);
  return Promise.resolve(renderer.sync(state)).catch(onError);
};
const firstSync = synced();
viewState.onChange((state, { fromAddress }) => {
  if (fromAddress && state.view) map.setView([state.view.lat, state.view.lon], state.view.zoom);
  synced();
});

const stepNight = startTimeControls(viewState, say);
const drawing = startDrawing(map);
const isReady = () => renderer.isIdle() && !map._animatingZoom;
const whenDrawn = async () => {
  await synced();
  do await new Promise((resolve) => setTimeout(resolve, 50));
  while (!isReady());
};
const details = startPointing(map, renderer, {
  isBusy: drawing.isActive,
  moreOf: (layer, { id }, place) => (layer.id === "hazards" && config.member ? caseSection(id, place, {
    say,
    onMoved: () => {
      synced();
      refreshFigures();
    },
    openReach: (at) => tools.open("nearest", at),
  }) : null),
});
const closeDetails = details.close;
/** Show a place of a list on the map, and its details where a layer tells them. */
function showPlace(feature, { lon, lat }) {
  const place = L.latLng(lat, lon);
  map.setView(place, Math.max(map.getZoom(), STREET_ZOOM - 1));
  if (feature) details.open({ layer: feature.layer, properties: { id: feature.id } }, place);
}
const applyView = (hash) => {
  viewState.take(hash);
  const { view } = viewState.current;
  if (view) map.setView([view.lat, view.lon], view.zoom);
};
const tools = startOperatorTools({ map, viewState, drawing, say, showPlace, applyView, whenDrawn, closeDetails, copyLink: () => copyLink(viewState.sharedAddress) });
showLayerPanel(viewState, map);
startLanguage();
const refreshFigures = showFigures(viewState);
followServer(() => {
  synced();
  refreshFigures();
});
startSearch(goTo);
startPageControls(map, { goHome, stepNight, closeDetails, rendererName: renderer.name, viewState, tools });
byId("retry").addEventListener("click", () => {
  byId("notice").hidden = true;
  renderer.retry();
});

/** For tests and measurements: what is drawn, by what, and whether every tile of the view is there, sharp. */
window.jingwei = {
  map,
  renderer: renderer.name,
  errors,
  get layersLoaded() {
    return [...viewState.current.layers];
  },
  isReady,
  drawing,
  showPlace,
  tools,
  viewState,
  async whenReady() {
    await firstSync;
    do await new Promise((resolve) => setTimeout(resolve, 50));
    while (!this.isReady());
    return true;
  },
};
