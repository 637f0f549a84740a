/* The index of the fixture library, fetched when it is first searched and kept for as long as the page lives. */
import { list } from '../../api/client';
import type { LibraryItem } from '../../api/types';
import { Resource } from '../../state/resource.svelte';

export const definitions = new Resource<LibraryItem[]>((path) => list<LibraryItem>(path));
