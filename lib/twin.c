/* SPDX-License-Identifier: MIT */
/* twin.c - names in two states at once: as they are now, and as they were told */
#include "twin.h"

#include "base.h"

#include <assert.h>
#include <string.h>

static uint32_t hash_of(uint32_t up, const char *name, size_t len)
{
	return pathev__hash_bytes(pathev__hash_u64(up), name, len);
}

static uint32_t hash_place(const struct pathev__twin *t, int tree, uint32_t n)
{
	const struct pathev__twin_place *p = pathev__twin_place(t, tree, n);

	return hash_of(p->up, p->name->text, p->name->len);
}

static uint32_t hash_now(const void *ctx, uint32_t n)
{
	return hash_place(ctx, PATHEV__NOW, n);
}

static uint32_t hash_told(const void *ctx, uint32_t n)
{
	return hash_place(ctx, PATHEV__TOLD, n);
}

static pathev__table_hash *const hashes[] = { hash_now, hash_told };

static void reset(struct pathev__twin *t, uint32_t n)
{
	struct pathev__twin_node *d = pathev__twin_at(t, n);

	memset(d, 0, t->size);
	for (int i = 0; i < PATHEV__TREES; i++)
		d->place[i] = (struct pathev__twin_place){ PATHEV__NIL, PATHEV__NIL, PATHEV__NIL,
							   PATHEV__NIL, NULL };
}

int pathev__twin_init(struct pathev__twin *t, size_t size)
{
	*t = (struct pathev__twin){ .size = size, .spare = PATHEV__NIL };
	for (int i = 0; i < PATHEV__TREES; i++)
		pathev__table_init(&t->table[i]);
	if (pathev__twin_new(t) == PATHEV__NIL)
		return -1;
	pathev__twin_at(t, 0)->held = 1;
	return 0;
}

static void free_names(struct pathev__twin *t, uint32_t n)
{
	struct pathev__twin_node *d = pathev__twin_at(t, n);

	free(d->place[0].name);
	if (d->place[1].name != d->place[0].name)
		free(d->place[1].name);
}

void pathev__twin_fini(struct pathev__twin *t)
{
	for (size_t n = 0; n < t->used; n++)
		free_names(t, (uint32_t)n);
	free(t->node);
	for (int i = 0; i < PATHEV__TREES; i++)
		pathev__table_fini(&t->table[i]);
	*t = (struct pathev__twin){ 0 };
}

uint32_t pathev__twin_new(struct pathev__twin *t)
{
	uint32_t n = t->spare;

	if (n != PATHEV__NIL) {
		t->spare = pathev__twin_place(t, 0, n)->next;
	} else {
		char *node = pathev__grow(t->node, &t->cap, t->used + 1, t->size);

		if (!node)
			return PATHEV__NIL;
		t->node = node;
		if (t->used >= PATHEV__NIL) {
			errno = ENOMEM;
			return PATHEV__NIL;
		}
		n = (uint32_t)t->used++;
	}
	reset(t, n);
	t->bytes += t->size;
	return n;
}

static int has_kids(const struct pathev__twin *t, uint32_t n)
{
	return pathev__twin_place(t, PATHEV__NOW, n)->kids != PATHEV__NIL ||
	       pathev__twin_place(t, PATHEV__TOLD, n)->kids != PATHEV__NIL;
}

void pathev__twin_drop(struct pathev__twin *t, uint32_t n)
{
	while (n != PATHEV__NIL && !pathev__twin_at(t, n)->held && !has_kids(t, n)) {
		int now = pathev__twin_in(t, PATHEV__NOW, n);
		int told = pathev__twin_in(t, PATHEV__TOLD, n);
		uint32_t up = pathev__twin_place(t, now ? PATHEV__NOW : PATHEV__TOLD, n)->up;

		if (now && told && !pathev__twin_same(t, n))
			return;
		if (now)
			pathev__twin_take(t, PATHEV__NOW, n);
		if (told)
			pathev__twin_take(t, PATHEV__TOLD, n);
		reset(t, n);
		pathev__twin_place(t, 0, n)->next = t->spare;
		t->spare = n;
		t->bytes -= t->size;
		n = up;
	}
}

uint32_t pathev__twin_find(const struct pathev__twin *t, int tree, uint32_t up, const char *name,
			   size_t len)
{
	const struct pathev__table *table = &t->table[tree];
	uint32_t n;

	for (uint32_t i = pathev__table_first(table, hash_of(up, name, len));
	     (n = table->slot[i]) != PATHEV__NIL; i = pathev__table_next(table, i)) {
		const struct pathev__twin_place *p = pathev__twin_place(t, tree, n);

		if (p->up == up && p->name->len == len && !memcmp(p->name->text, name, len))
			return n;
	}
	return PATHEV__NIL;
}

/* The rest of pathev__twin_put(), with a name that the node has or is given. */
static int put(struct pathev__twin *t, int tree, uint32_t n, uint32_t up,
	       struct pathev__twin_name *name)
{
	struct pathev__twin_place *p = pathev__twin_place(t, tree, n);

	p->up = up;
	p->name = name;
	if (pathev__table_add(&t->table[tree], hash_place(t, tree, n), n, hashes[tree], t)) {
		p->up = PATHEV__NIL;
		p->name = NULL;
		return -1;
	}
	p->prev = PATHEV__NIL;
	p->next = pathev__twin_place(t, tree, up)->kids;
	if (p->next != PATHEV__NIL)
		pathev__twin_place(t, tree, p->next)->prev = n;
	pathev__twin_place(t, tree, up)->kids = n;
	return 0;
}

int pathev__twin_put(struct pathev__twin *t, int tree, uint32_t n, uint32_t up, const char *name,
		     size_t len)
{
	const struct pathev__twin_place *other = pathev__twin_place(t, !tree, n);
	struct pathev__twin_name *own = other->name;
	size_t size;

	assert(pathev__twin_place(t, tree, n)->up == PATHEV__NIL);
	if (other->up == up && own->len == len && !memcmp(own->text, name, len))
		return put(t, tree, n, up, own);
	if (len >= PATHEV__NIL || pathev__size(len, 1, sizeof(*own), &size)) {
		errno = ENOMEM;
		return -1;
	}
	own = malloc(size);
	if (!own)
		return -1;
	own->len = (uint32_t)len;
	memcpy(own->text, name, len);
	if (put(t, tree, n, up, own)) {
		free(own);
		return -1;
	}
	t->bytes += size;
	return 0;
}

int pathev__twin_settle(struct pathev__twin *t, uint32_t n)
{
	struct pathev__twin_place *now = pathev__twin_place(t, PATHEV__NOW, n);

	if (pathev__twin_same(t, n))
		return 0;
	if (pathev__twin_in(t, PATHEV__TOLD, n))
		pathev__twin_take(t, PATHEV__TOLD, n);
	return put(t, PATHEV__TOLD, n, now->up, now->name);
}

void pathev__twin_take(struct pathev__twin *t, int tree, uint32_t n)
{
	struct pathev__twin_place *p = pathev__twin_place(t, tree, n);

	pathev__table_del(&t->table[tree], hash_place(t, tree, n), n, hashes[tree], t);
	if (p->prev != PATHEV__NIL)
		pathev__twin_place(t, tree, p->prev)->next = p->next;
	else
		pathev__twin_place(t, tree, p->up)->kids = p->next;
	if (p->next != PATHEV__NIL)
		pathev__twin_place(t, tree, p->next)->prev = p->prev;
	if (p->name != pathev__twin_place(t, !tree, n)->name) {
		t->bytes -= sizeof(*p->name) + p->name->len;
		free(p->name);
	}
	p->name = NULL;
	p->up = p->next = p->prev = PATHEV__NIL;
	t->version[tree]++;
}

size_t pathev__twin_component(const char *path, size_t len)
{
	size_t i = 0;

	while (i < len && path[i] == '/')
		i++;
	while (i < len && path[i] != '/')
		i++;
	return i;
}

int pathev__twin_path(const struct pathev__twin *t, int tree, uint32_t n, struct pathev__buf *path)
{
	size_t len = 0;
	char *end;

	for (uint32_t i = n; i; i = pathev__twin_place(t, tree, i)->up)
		len += pathev__twin_place(t, tree, i)->name->len;
	pathev__buf_cut(path, 0);
	if (pathev__buf_room(path, len))
		return -1;
	path->len = len;
	end = path->data + len;
	*end = '\0';
	for (uint32_t i = n; i; i = pathev__twin_place(t, tree, i)->up) {
		const struct pathev__twin_name *name = pathev__twin_place(t, tree, i)->name;

		end -= name->len;
		memcpy(end, name->text, name->len);
	}
	return 0;
}
