/** An alias on its way from one version to another by drag. */
const TYPE = "application/x-quire-alias";

/** Begin to carry an alias. */
export function carry(data: DataTransfer, alias: string): void {
  data.setData(TYPE, alias);
  data.setData("text/plain", `@${alias}`);
  data.effectAllowed = "move";
}

/** Whether an alias is carried. */
export function carries(data: DataTransfer): boolean {
  return data.types.includes(TYPE);
}

/** The alias that was carried here; empty if it was something else. */
export function carried(data: DataTransfer): string {
  return data.getData(TYPE);
}
