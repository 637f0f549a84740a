import { describe, expect, it } from 'vitest';
import { placedAt } from './place';

const a = { start_time: 10, end_time: 14, origin_time: 8 };

describe('a block in a new place', () => {
    it('takes its origin along when it is moved', () => expect(placedAt(a, 20, 24)).toEqual({ start_time: 20, end_time: 24, origin_time: 18 }));
    it('leaves it when an edge is pulled', () => {
        expect(placedAt(a, 11, 14)).toEqual({ start_time: 11, end_time: 14 });
        expect(placedAt(a, 10, 15)).toEqual({ start_time: 10, end_time: 15 });
        expect(placedAt(a, 10, 14)).toEqual({ start_time: 10, end_time: 14 });
    });
});
