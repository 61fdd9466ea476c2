/** A picked or dropped file with its path inside a dropped folder. */
export interface PickedFile {
  readonly file: File;
  /** Relative path with `/`, or the bare name. */
  readonly path: string;
  readonly handle?: FileSystemFileHandle;
}
