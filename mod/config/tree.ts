/**
 * A configuration file as a tree that preserves everything h2o.conf relies on: pairs keep their
 * order, keys may repeat, every scalar is a string, and each node has its file and line.
 */

/** A place in a file, for messages. Lines count from 1. */
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
