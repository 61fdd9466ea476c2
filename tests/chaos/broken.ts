/** A promise that was broken: a chaos run's end. */
export class Broken extends Error {}
