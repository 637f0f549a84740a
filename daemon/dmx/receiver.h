#pragma once
/*
 * Everything that comes in, on one thread of the control side ("dmx-in"):
 *
 *   Art-Net    the socket outputs send from (0.0.0.0:6454): ArtPoll is answered, ArtPollReply goes to `nodes`, ArtDmx to input_artnet()
 *   sACN       input_sacn_fd(), read here, to input_sacn(); asked for again before each wait, so it may change or be -1
 *   netlink    a link or an address that comes or goes: routes are found again at once, new interfaces are polled at once
 *   timer      ArtPoll every 2.75 s, expiry of nodes, the Art-Net port bound later when it was taken, sACN universe discovery every 10 s,
 *              input_tick() at least ten times a second
 *
 * Our own packets never reach `input`: Art-Net from an address and port of ours, sACN with our CID. What is handed on is otherwise as it came, of any
 * length, at most 1500 bytes; `from` is the UDP source. Universes that input_artnet_ports() names are shown to other controllers as output ports, so
 * that they send them here by unicast.
 *
 * THREADS  receiver_start(), receiver_stop(): one control thread. All functions of `input` that are named here are called from dmx-in alone.
 * MEMORY   `o` and `in` must outlive the receiver.
 */
#include "core/err.h"

struct input;
struct outputs;
struct receiver;

/* `in` NULL: nothing is taken in. A kernel without netlink is survived (changes are then seen twice a second). */
enum lm_err receiver_start(struct outputs *o, struct input *in, struct receiver **result, struct problem *p);
void receiver_stop(struct receiver *r);         /* NULL is fine */
