const list = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

/** Names of workers, fifty each. */
export const THEMES: Readonly<Record<string, readonly string[]>> = {
  "mad-max": list(`furiosa nux slit rictus dementus toast capable dag cheedo angharad valkyrie keeper ace morsov corpus
    scabrous doof gastown jack max goose toecutter bubba cundalini johnny fifi jessie sprog papagallo wez humungus pappy
    zetta feral gyro toadie curmudgeon auntie blaster master savannah scrooloose slake dealgood ironbar pigkiller
    jedediah anna finn tubba`),
  minerals: list(`agate amber amethyst apatite azurite barite basalt beryl calcite carnelian chert citrine cobalt copper
    corundum diamond dolomite emerald feldspar flint fluorite galena garnet gneiss granite graphite gypsum halite hematite
    jade jasper kyanite lapis magnetite malachite mica obsidian olivine onyx opal peridot pyrite quartz ruby sapphire
    slate talc topaz turquoise zircon`),
  wasteland:
    list(`ash bandit barrel beacon bolt brahmin bunker cactus canyon cinder coyote crater dagger drifter dune dust
    echo ember exile flare fox gauge ghoul grit hatchet hermit husk iron jackal lantern mesa moth nomad outpost piston
    radar ranger raven relic rust scavenger scorpion scrap shade silo sparrow static stray vulture wrench`),
};

export const DEFAULT_THEME = "mad-max";
const MOST = 2000;

/** The names of a pool: a theme by its name, or a list. */
export function poolOf(pool: string | readonly string[] | undefined): readonly string[] {
  if (pool === undefined) return THEMES[DEFAULT_THEME] ?? [];
  if (typeof pool !== "string") return [...new Set(pool)].slice(0, MOST);
  return THEMES[pool] ?? THEMES[DEFAULT_THEME] ?? [];
}

/** The first name that nobody has; when all are given out, `<first>-2` and so on. */
export function freeName(pool: readonly string[], taken: ReadonlySet<string>): string {
  for (let round = 1; ; round++) {
    for (const name of pool.length > 0 ? pool : ["worker"]) {
      const tried = round === 1 ? name : `${name}-${round}`;
      if (!taken.has(tried)) return tried;
    }
  }
}
