// rebus_cell: puts a program of others into a cell (agents/support/sandbox/cell.h), for agents, which start
// it with what cell_order.h says. It sees nothing of what the program reads and writes.
#include "agents/support/sandbox/cell.h"

int main() { return rebus::serve_cell(); }
