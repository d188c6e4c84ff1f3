export let version: string;
