/**
 * A configuration file as a tree that forgets nothing h2o.conf means: pairs keep their order, keys
 * may repeat, every scalar is a string, and each node knows its file and line.
 */

/** A place to point at in a message. Lines count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly at: Position;
  readonly text: string;
}

export interface MapNode {
  readonly kind: "mapping";
  readonly at: Position;
  readonly pairs: readonly ConfigPair[];
}

export interface SequenceNode {
  readonly kind: "sequence";
  readonly at: Position;
  readonly items: readonly ConfigNode[];
}

export type ConfigNode = ScalarNode | MapNode | SequenceNode;

export interface ConfigPair {
  readonly key: ScalarNode;
  readonly value: ConfigNode;
}

/** The value of the last pair with this key, as a later pair overrides an earlier one. */
export function lastValue(map: MapNode, key: string): ConfigNode | null {
  for (let index = map.pairs.length - 1; index >= 0; index--) {
    if (map.pairs[index].key.text === key) return map.pairs[index].value;
  }
  return null;
}
