[playlist]
File1=a.mp3
Title1=One - Two
Length1=60
File2=/b.mp3
Version=2
