# Draws docs/growth.svg: gnuplot -e "samples='FILE'; picture='FILE'" growth.gp
# The last block of samples but four is of the longest run; the last four are of 1, 4, 16 and 64 agents.
set terminal svg size 1000,400 font "sans,13" background "white"
set output picture
set multiplot layout 1,2
set grid
set yrange [0:*]
set key bottom left
set xlabel "descriptors so far, 3 agents"
set ylabel "descriptors per second"
set y2label "memory of the master, MiB"
set ytics nomirror
set y2tics
set y2range [0:*]
set format x "%.0s%c"
stats samples nooutput
longest = STATS_blocks - 6
plot samples index longest using 2:3 with linespoints title "rate", \
     samples index longest using 2:4 axes x1y2 with lines title "memory"
unset y2label
unset y2tics
set ytics mirror
set logscale x 2
set xtics (1, 4, 16, 64)
set format x "%g"
set xlabel "agents, each of which handles 10,000 descriptors"
set ylabel "handled per second by all agents"
set xrange [0.8:80]
plot for [i=1:4] samples index longest + i using 1:($3 * $1) with points pointtype 7 linecolor 1 notitle
