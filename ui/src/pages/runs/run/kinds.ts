/** How an artifact may be looked at: as text, as a picture that a browser decodes but does not run, or not at all. */

export type Kind = "text" | "json" | "picture" | "other";

const PICTURES = /\.(png|jpe?g|gif|webp)$/i;
const JSONS = /\.(json|jsonl|ipynb|geojson)$/i;
const OTHERS =
  /\.(zip|gz|tgz|tar|bz2|xz|7z|pkl|pickle|pt|pth|bin|safetensors|onnx|h5|parquet|arrow|feather|db|sqlite|pdf|mp[34]|wav|ogg|webm|mov|avi|exe|so|whl|npy|npz)$/i;

/** What kind of file this is, by its name. HTML, SVG and scripts are text: none of it is ever run. */
export function kindOf(path: string): Kind {
  if (PICTURES.test(path)) return "picture";
  if (JSONS.test(path)) return "json";
  return OTHERS.test(path) ? "other" : "text";
}
