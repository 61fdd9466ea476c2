/** A publication of this device, as a question names it. */
export interface OwnName {
  readonly id: string;
  readonly name: string;
}
