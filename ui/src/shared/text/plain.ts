/** Text that a model or anybody else wrote, made safe to look at: it is only ever shown as text. */

const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
// What changes the direction of text beyond its own line, or hides in it.
const HIDDEN = /[\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Without terminal colours; other control characters, and ones that turn or hide text, as visible signs. */
export function plain(text: string): string {
  return text
    .replace(ANSI, "")
    .replace(CONTROL, (sign) => (sign === "\u007f" ? "␡" : String.fromCharCode(0x2400 + sign.charCodeAt(0))))
    .replace(HIDDEN, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`)
    .toWellFormed();
}
